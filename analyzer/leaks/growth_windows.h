// The windows over which growth is judged, and the allocations of each site in each window. An observer of one image's
// heap.
//
// The allocation clock ticks with each allocation after the program's own code has begun, but not during imports. So
// start-up and imports do not count, however long they take. Its windows have equal lengths; when there are
// kMaxWindows, pairs are joined. A second clock ticks with each mark: its windows are the intervals between marks. When
// there are more than kMaxWindows, pairs are joined, and the last window may be shorter.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/leaks/window_counts.h"
#include "analyzer/model/heap_observer.h"
#include "analyzer/model/sites.h"
#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/image.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/stack_resolver.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {

// Consecutive windows without gaps.
struct Windows {
  std::vector<uint64_t> begins;   // times
  std::vector<uint64_t> lengths;  // in ticks of their clock: allocations, or marks
  uint64_t end = UINT64_MAX;      // of the last one, a time

  size_t size() const noexcept { return begins.size(); }
  // The window of a time; nothing before the first window and from `end` on.
  std::optional<uint32_t> at(uint64_t time) const noexcept;
};

class GrowthWindows : public HeapObserver {
 public:
  static constexpr uint32_t kMaxWindows = kMaxGrowthWindows;

  // With `warm_up_end` the clock starts there and also ticks during imports. Without it, it continues the counts of the
  // image's snapshot. All outlive this.
  GrowthWindows(const Image& image, const Sites& sites, StackResolver& stacks, const CallTree& tree,
                std::optional<uint64_t> warm_up_end);

  void on_alloc(uint64_t time, uint64_t, const Block& block) { count(time, block.site); }
  void on_realloc(uint64_t time, uint64_t, const Block&, uint64_t, const Block& block) { count(time, block.site); }

  const Windows& by_allocations() const noexcept { return allocations_; }
  const Windows& by_marks() const noexcept { return marks_; }
  // Writes all counts, so that another image can continue them.
  void save(SnapshotWriter& out) const;
  void add_allocated(uint32_t site, std::vector<uint64_t>& by_allocations, std::vector<uint64_t>& by_marks) const;

 private:
  static constexpr uint64_t kFirstLength = 16;
  static constexpr uint8_t kUnknown = UINT8_MAX;
  enum class Answer : uint8_t { kUnasked, kNo, kYes };

  void count(uint64_t time, uint32_t site) {
    if (time < begin_) return;
    if (left_ == 0) [[unlikely]]
      next_window(time);
    if (!allocated_.add_again(site, current_)) [[unlikely]]
      count_first(site);
    left_ -= ticks_[site];
    allocations_.lengths[current_] += ticks_[site];
    if (time >= first_mark_) count_between_marks(time, site);
  }
  void count_first(uint32_t site);
  void next_window(uint64_t time);
  void count_between_marks(uint64_t time, uint32_t site);
  void find_marks(const Image& image);
  void load(const Snapshot& snapshot);
  void load_mark_counts(const Snapshot& snapshot, const SnapshotGrowth& growth);
  void learn_ticks(uint32_t site);
  bool in_import(NodeId node);

  const Sites& sites_;
  StackResolver& stacks_;
  const CallTree& tree_;
  bool imports_tick_;
  uint64_t begin_ = 0;
  std::vector<uint8_t> ticks_;     // by site: 1; 0 in imports
  std::vector<Answer> in_import_;  // by node of the tree
  Windows allocations_;
  uint64_t window_length_ = kFirstLength;
  uint64_t left_ = 0;  // ticks to the end of the current window
  uint32_t current_ = 0;
  WindowCounts allocated_;
  Windows marks_;
  uint64_t first_mark_ = UINT64_MAX;
  uint64_t mark_step_ = 1;  // intervals to a window, a power of two
  std::vector<uint64_t> mark_times_;
  uint32_t mark_window_ = 0;
  WindowCounts allocated_between_marks_;
  std::vector<uint32_t> allocated_since_;  // the last mark, by site
};

}  // namespace cistern::analyzer
