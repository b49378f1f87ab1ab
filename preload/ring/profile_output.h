// The profile file of one image: a header page, then segments. Whichever thread seals a segment appends it. Any thread;
// a lock admits one at a time. Nothing allocates.
//
// Guarantees:
//   - A thread that is killed while it appends leaves a truncated segment at the end of the file at most, never a gap:
//     the end of the file moves only after the segment is written.
//   - In overwrite mode the space behind the header page is divided into kChunks chunks. They are filled in turn; when
//     the last one is full, the oldest is cleared and filled again. A segment never crosses a chunk, so all segments in
//     the file are whole.
//
//     | header page | chunk 0 | chunk 1 | ... | chunk 7 |      e.g. begun = 10: chunk 1 is being filled,
//                     begun 9   being filled      begun 8      chunks 2..7 and 0 have the last segments
#pragma once

#include <errno.h>

#include <atomic>
#include <cstdint>

#include "cistern/format/profile_header.h"
#include "cistern/format/window_layout.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/guarded_file.h"
#include "preload/ring/image_lock.h"

namespace cistern::preload {

constexpr int kSizeLimitReached = E2BIG;

class ProfileOutput {
 public:
  // Creates the file with its header page, and says in `header` whether the image has locked it. Returns 0 or an errno
  // value: EEXIST when the file exists and not `replace`, EBUSY when a running image records to it.
  int create(const PathText& path, ProfileHeader& header, bool replace) noexcept;
  // From now on the window's `control` has the end of the file, and the number of bytes that `cistern run` took out of
  // it. `max_bytes`: size limit of the file. With `overwrite` the oldest segments are overwritten when it is reached;
  // without, append() fails.
  void attach(WindowControl& control, uint64_t max_bytes, bool overwrite) noexcept;

  // Appends a header and the payload that follows it in memory, and reserves header.room_bytes for it to grow; `offset`
  // becomes its offset. Returns 0 or an errno value: kSizeLimitReached when the file would exceed `max_bytes`, EFBIG
  // when it would exceed RLIMIT_FSIZE.
  int append(const SegmentHeader& header, uint64_t& offset) noexcept;
  // Adds the payload behind `old_bytes` to the segment at `offset`, which has reserved space, then rewrites its header:
  // a thread that is killed in between leaves the old segment. Returns 0 or an errno value.
  int extend(const SegmentHeader& header, uint64_t offset, uint32_t old_bytes) noexcept;

  // In overwrite mode: how many chunks were begun, and how many segments were overwritten. Relaxed: a reader may see an
  // older value.
  uint64_t chunks_begun() const noexcept { return chunks_begun_.load(std::memory_order_relaxed); }
  uint64_t overwritten_segments() const noexcept { return overwritten_.load(std::memory_order_relaxed); }

  const PathText& path() const noexcept { return file_.path(); }
  void discard() noexcept {
    file_.unlink();
    running_.release();
  }
  void abandon() noexcept;

 private:
  GuardedFile file_;
  HeldImageLock running_;
  SpinLock lock_;  // guards the end of the file and the descriptor
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
