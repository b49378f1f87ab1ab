// The profile file of one image: a header page, then segments, appended by whichever thread seals one. Any thread; the
// place of a segment is reserved by one atomic addition in the window, so that appends need no lock.
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

  // Reserves room for `bytes`; UINT64_MAX when the file would exceed its limit.
  uint64_t reserve(uint64_t bytes) noexcept;
  // Writes a header and the payload that follows it in memory, at a reserved place. Returns 0 or an errno value.
  int write(const SegmentHeader& header, uint64_t offset) noexcept;

  const PathText& path() const noexcept { return file_.path(); }
  void discard() noexcept { file_.unlink(); }
  void abandon() noexcept;

 private:
  GuardedFile file_;
  SpinLock lock_;  // of the descriptor, which may have to be opened again
  uint64_t* file_end_ = nullptr;
  uint64_t max_bytes_ = 0;
};

}  // namespace cistern::preload
