// The profile file of one image: a header page, then segments, appended by whichever thread seals one. Any thread, one
// at a time: a thread killed in mid-append leaves a torn tail at most, never a gap, since nobody appends behind it.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/profile.h"
#include "cistern/window.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/guarded_file.h"

namespace cistern::preload {

class ProfileOutput {
 public:
  // Makes the file with its header page. Returns 0 or an errno value (EEXIST when it is there and not `replace`).
  int create(const PathText& path, const ProfileHeader& header, bool replace) noexcept;
  // From here on `file_end`, in the window, says where the next segment goes.
  void attach(uint64_t* file_end, uint64_t max_bytes) noexcept;

  // Appends a header and the payload that follows it in memory, and keeps the header's room; `offset` becomes its
  // place. Returns 0 or an errno value: EFBIG when the file would exceed its limit.
  int append(const SegmentHeader& header, uint64_t& offset) noexcept;
  // Writes the payload that was added behind `old_bytes` to a segment with room, then its header: whoever is killed in
  // between leaves the old segment. Returns 0 or an errno value.
  int extend(const SegmentHeader& header, uint64_t offset, uint32_t old_bytes) noexcept;

  const PathText& path() const noexcept { return file_.path(); }
  void discard() noexcept { file_.unlink(); }
  void abandon() noexcept;

 private:
  GuardedFile file_;
  SpinLock lock_;  // of the file's end, and of the descriptor, which may have to be opened again
  uint64_t* file_end_ = nullptr;
  uint64_t max_bytes_ = 0;
};

}  // namespace cistern::preload
