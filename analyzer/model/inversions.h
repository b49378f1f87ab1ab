// Corrects inversions: events of two threads on one address whose times are in the wrong order, because a thread may
// read the clock some ticks early. There are two forms:
//   - an allocation at a live address, and within the window a free of that address by another thread: the free came
//     first and belongs to the earlier block;
//   - a free of an unknown address, and within a much smaller window an allocation there by another thread: the
//     allocation came first (the block was handed over), and the block is already free.
// Keeps only events younger than the window: a few.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/model/block.h"
#include "cistern/format/ids.h"

namespace cistern::analyzer {

class Inversions {
 public:
  struct Entry {
    uint64_t address = 0;
    uint64_t time = 0;
    StreamId stream_id{};
    Block block;
  };
  using Entries = std::vector<Entry>;  // in order of time

  // `window` for the first form, `orphan_window` for the second, in the image's time.
  Inversions(uint64_t window, uint64_t orphan_window) : window_(window), orphan_window_(orphan_window) {}

  // At `time` a block of `stream_id` replaced `block`, which had not been freed.
  void displaced(uint64_t address, uint64_t time, StreamId stream_id, const Block& block) {
    forget_before(displaced_, time, window_);
    displaced_.push_back({address, time, stream_id, block});
  }
  // `stream_id` frees `address`. Returns the displaced block if this free is of it.
  std::optional<Block> freed(uint64_t address, uint64_t time, StreamId stream_id) {
    if (displaced_.empty()) return std::nullopt;
    forget_before(displaced_, time, window_);
    return match(displaced_, address, stream_id);
  }

  // `stream_id` freed an address that was not live.
  void orphaned(uint64_t address, uint64_t time, StreamId stream_id) {
    forget_before(orphans_, time, orphan_window_);
    orphans_.push_back({address, time, stream_id, {}});
  }
  // `stream_id` allocates at `address`. Returns whether that block has already been freed.
  bool allocated(uint64_t address, uint64_t time, StreamId stream_id) {
    if (orphans_.empty()) return false;
    forget_before(orphans_, time, orphan_window_);
    return match(orphans_, address, stream_id).has_value();
  }

  // Events that may still be matched.
  const Entries& displaced() const noexcept { return displaced_; }
  const Entries& orphaned() const noexcept { return orphans_; }

 private:
  static void forget_before(Entries& entries, uint64_t time, uint64_t window) {
    size_t old = 0;
    while (old < entries.size() && time - entries[old].time > window) ++old;
    if (old != 0) entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(old));
  }

  static std::optional<Block> match(Entries& entries, uint64_t address, StreamId stream_id) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].address != address || entries[i].stream_id == stream_id) continue;
      const Block block = entries[i].block;
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
      return block;
    }
    return std::nullopt;
  }

  uint64_t window_;
  uint64_t orphan_window_;
  Entries displaced_;
  Entries orphans_;
};

}  // namespace cistern::analyzer
