// The profile file of one image: a header page, then segments, appended by whichever thread seals one. Any thread, one
// at a time: a thread killed in mid-append leaves a torn tail at most, never a gap, since nobody appends behind it.
//
// In overwrite mode the room behind the header page is a row of chunks. They are filled in turn, and when the last one
// is full the oldest is emptied and filled again: a segment never crosses a chunk, so what is there is always whole.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/profile_header.h"
#include "cistern/format/window.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/guarded_file.h"

namespace cistern::preload {

class ProfileOutput {
 public:
  // Makes the file with its header page. Returns 0 or an errno value (EEXIST when it is there and not `replace`).
  int create(const PathText& path, const ProfileHeader& header, bool replace) noexcept;
  // From here on `control`, of the window, says where the next segment goes, and what was taken out of the file by
  // somebody else. `max_bytes` of the file; with `overwrite` what is oldest makes room for what comes when they are
  // used up, without it nothing more is taken.
  void attach(WindowControl& control, uint64_t max_bytes, bool overwrite) noexcept;

  // Appends a header and the payload that follows it in memory, and keeps the header's room; `offset` becomes its
  // place. Returns 0 or an errno value: EFBIG when the file would exceed its limit.
  int append(const SegmentHeader& header, uint64_t& offset) noexcept;
  // Writes the payload that was added behind `old_bytes` to a segment with room, then its header: whoever is killed in
  // between leaves the old segment. Returns 0 or an errno value.
  int extend(const SegmentHeader& header, uint64_t offset, uint32_t old_bytes) noexcept;

  // In overwrite mode: how many chunks were begun so far, and how many segments were given up for them. Relaxed: a
  // reader may see them late.
  uint64_t chunks_begun() const noexcept { return chunks_begun_.load(std::memory_order_relaxed); }
  uint64_t overwritten_segments() const noexcept { return overwritten_.load(std::memory_order_relaxed); }

  const PathText& path() const noexcept { return file_.path(); }
  void discard() noexcept { file_.unlink(); }
  void abandon() noexcept;

 private:
  GuardedFile file_;
  SpinLock lock_;  // of the file's end, and of the descriptor, which may have to be opened again
  uint64_t* file_end_ = nullptr;
  uint64_t* saved_bytes_ = nullptr;
  uint64_t max_bytes_ = 0;

  int begin_chunk(uint64_t& offset) noexcept;
  bool fits(uint64_t offset, uint64_t bytes) const noexcept;

  static constexpr uint32_t kChunks = 8;
  uint64_t chunk_bytes_ = 0;  // 0: not in overwrite mode
  uint32_t segments_in_[kChunks] = {};
  std::atomic<uint64_t> chunks_begun_{0};
  std::atomic<uint64_t> overwritten_{0};
};

}  // namespace cistern::preload
