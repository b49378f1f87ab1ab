// The heap of one image, rebuilt event by event: live blocks, mappings and arenas, sums by domain and site, the peak.
// Runs must be applied in order of time (EventStream). Live bytes are requested bytes. A free ends a block of any
// domain. A realloc keeps the birth and takes the new size and site; between its two moments the old block still
// counts. Cost of an event: one access to the block (LiveBlocks), one to the figures of its site, two sums. Memory:
// proportional to live blocks and sites.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/model/arenas.h"
#include "analyzer/model/heap_observer.h"
#include "analyzer/model/heap_totals.h"
#include "analyzer/model/inversions.h"
#include "analyzer/model/live_blocks.h"
#include "analyzer/model/mappings.h"
#include "analyzer/model/sites.h"
#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/heap_step.h"
#include "analyzer/read/profile_clock.h"
#include "analyzer/read/snapshot.h"

namespace cistern::analyzer {

class HeapModel {
 public:
  explicit HeapModel(const ProfileClock& clock)
      : inversions_(clock.ticks_of_ns(kInversionNs), clock.ticks_of_ns(kOrphanNs)) {}

  // Starts with the heap of a snapshot. Requires: nothing was applied.
  void load(const Snapshot& snapshot);
  // Writes all that load() needs, and the totals into `heap`. Requires: settle_peak() was called.
  void save(SnapshotWriter& out, SnapshotHeap& heap);

  template <typename Observer>
  void apply(const StepRun& run, Observer& observer);

  const HeapTotals& totals() const noexcept { return totals_; }
  // By domain; each call sums over all sites.
  DomainSums domains() const;
  const Sites& sites() const noexcept { return sites_; }
  const Arenas& arenas() const noexcept { return arenas_; }
  // Makes SiteFigures::at_peak valid for all sites.
  void settle_peak() noexcept { sites_.settle_peak(); }

  // Calls visit(address, const Block&) for every live block and every mapping that counts, in no particular order.
  template <typename F>
  void for_each_live(F&& visit) const;

 private:
  static constexpr uint64_t kInversionNs = 2000;
  static constexpr uint64_t kOrphanNs = 200;
  static constexpr size_t kMaxMoves = 4096;  // unfinished moves that are kept

  struct Moving {  // a block between the two moments of a realloc
    StreamId stream_id{};
    uint64_t address = 0;
    Block block;
  };
  struct Moved {  // a mapping between the two moments of a remap
    StreamId stream_id{};
    uint64_t address = 0;
    uint64_t birth = 0;
  };

  template <typename Observer>
  void apply_step(StreamId stream_id, const HeapStep& step, Observer& observer);
  template <typename Observer>
  void alloc(StreamId stream_id, const HeapStep& step, Observer& observer);
  template <typename Observer>
  void free(StreamId stream_id, const HeapStep& step, Observer& observer);
  void give(StreamId stream_id, const HeapStep& step);
  template <typename Observer>
  void take(StreamId stream_id, const HeapStep& step, Observer& observer);
  template <typename Observer>
  void alloc_freed(const HeapStep& step, const Block& block, Observer& observer);
  template <typename Observer>
  void place(StreamId stream_id, const HeapStep& step, const Block& block, Observer& observer);
  template <typename Observer>
  void map(StreamId stream_id, const HeapStep& step, uint64_t birth, Observer& observer);
  template <typename Observer>
  bool unmap(const HeapStep& step, Observer& observer);
  template <typename Observer>
  void account_cut(uint64_t time, const Cut& cut, Observer& observer);
  template <typename Observer>
  void make_arena(const HeapStep& step, Observer& observer);
  void give_mapping(StreamId stream_id, const HeapStep& step);
  uint64_t birth_of_moved(StreamId stream_id, const HeapStep& step);

  void count_alloc(uint32_t site, uint64_t size_bytes) noexcept {
    sites_.add(site, size_bytes);
    totals_.live.add(size_bytes);
  }
  // Ends a block without a free. The frees of a domain are computed as allocations minus live blocks, so one is
  // subtracted.
  void count_end(const Block& block) noexcept {
    count_free(block);
    --frees_[number_of(sites_.domain(block.site))];
  }
  void count_free(const Block& block) noexcept {
    sites_.take(block.site, block.size_bytes);
    totals_.live.take(block.size_bytes);
  }
  // Live again, but not allocated again.
  void restore(const Block& block) noexcept {
    sites_.restore(block.site, block.size_bytes);
    totals_.live.add(block.size_bytes);
    ++frees_[number_of(sites_.domain(block.site))];
  }
  void note_peak(uint64_t time) noexcept {
    if (totals_.live.bytes <= totals_.at_peak.bytes) return;
    totals_.at_peak = totals_.live;
    totals_.peak_time = time;
    sites_.begin_epoch();
  }
  // In a damaged snapshot a block may have no valid site: it gets the last one.
  uint32_t known_site(uint64_t site) const noexcept {
    return static_cast<uint32_t>(site < sites_.size() ? site : sites_.size() - 1);
  }
  void load_totals(const SnapshotHeap& heap);
  void load_live(const Snapshot& snapshot);
  void load_unfinished(const Snapshot& snapshot);
  void save_live(SnapshotWriter& out) const;
  void save_unfinished(SnapshotWriter& out) const;
  uint32_t site_of(StreamId stream_id, const HeapStep& step) {
    return sites_.index_of({step.stack, stream_id, step.domain});
  }

  LiveBlocks blocks_;
  Mappings mappings_;
  Arenas arenas_;
  Sites sites_;
  HeapTotals totals_;
  std::array<int64_t, kDomainNumbers> frees_{};  // correction to allocations minus live blocks
  std::array<uint64_t, kDomainNumbers> reallocs_{};
  Inversions inversions_;
  std::vector<Moving> moving_;
  std::vector<Moved> moved_;
};

template <typename F>
void HeapModel::for_each_live(F&& visit) const {
  blocks_.for_each(visit);
  for (const Moving& moving : moving_) visit(moving.address, moving.block);
  mappings_.for_each([&](uint64_t begin, const Mapping& mapping) {
    if (mapping.counts()) visit(begin, Block{mapping.end - begin, mapping.birth, mapping.site});
  });
}

template <typename Observer>
void HeapModel::apply(const StepRun& run, Observer& observer) {
  for (const HeapStep& step : run.steps) {
    if (step.kind == HeapStepKind::kFree) {
      free(run.stream_id, step, observer);
    } else if (step.kind == HeapStepKind::kAlloc) {
      alloc(run.stream_id, step, observer);
    } else {
      apply_step(run.stream_id, step, observer);
    }
  }
}

template <typename Observer>
void HeapModel::apply_step(StreamId stream_id, const HeapStep& step, Observer& observer) {
  switch (step.kind) {
    case HeapStepKind::kAlloc:
      return alloc(stream_id, step, observer);
    case HeapStepKind::kFree:
      return free(stream_id, step, observer);
    case HeapStepKind::kReallocRelease:
      return give(stream_id, step);
    case HeapStepKind::kReallocAcquire:
      return take(stream_id, step, observer);
    case HeapStepKind::kMap:
      return map(stream_id, step, step.time, observer);
    case HeapStepKind::kUnmap:
      if (!unmap(step, observer)) ++totals_.unknown_unmaps;
      return;
    case HeapStepKind::kRemapRelease:
      return give_mapping(stream_id, step), static_cast<void>(unmap(step, observer));
    case HeapStepKind::kRemapAcquire:
      return map(stream_id, step, birth_of_moved(stream_id, step), observer);
    case HeapStepKind::kArenaMade:
      return make_arena(step, observer);
    case HeapStepKind::kArenaFreed:
      arenas_.give_back(step.address);
      blocks_.give_back_arena(step.address);
      return observer.on_arena_freed(step.time, step.address);
  }
}

template <typename Observer>
void HeapModel::alloc(StreamId stream_id, const HeapStep& step, Observer& observer) {
  const Block block{step.size, step.time, site_of(stream_id, step)};
  if (inversions_.allocated(step.address, step.time, stream_id)) return alloc_freed(step, block, observer);
  place(stream_id, step, block, observer);
  count_alloc(block.site, step.size);
  note_peak(step.time);
  observer.on_alloc(step.time, step.address, block);
}

// A block whose free has an earlier time than its allocation.
template <typename Observer>
void HeapModel::alloc_freed(const HeapStep& step, const Block& block, Observer& observer) {
  --totals_.unknown_frees;
  ++totals_.inversions;
  count_alloc(block.site, step.size);
  note_peak(step.time);
  observer.on_alloc(step.time, step.address, block);
  count_free(block);
  observer.on_free(step.time, step.address, block);
}

// Puts `block` at the address of the step. A block that was live there was freed without an event, or its free follows
// with a later time.
template <typename Observer>
void HeapModel::place(StreamId stream_id, const HeapStep& step, const Block& block, Observer& observer) {
  Block was;
  if (!blocks_.put(step.address, block, was)) return;
  inversions_.displaced(step.address, step.time, stream_id, was);
  ++totals_.implied_frees;
  count_free(was);
  observer.on_free(step.time, step.address, was);
}

template <typename Observer>
void HeapModel::free(StreamId stream_id, const HeapStep& step, Observer& observer) {
  if (inversions_.freed(step.address, step.time, stream_id)) {
    --totals_.implied_frees;
    ++totals_.inversions;
    return;
  }
  Block block;
  if (!blocks_.take(step.address, block)) {
    ++totals_.unknown_frees;
    return inversions_.orphaned(step.address, step.time, stream_id);
  }
  count_free(block);
  observer.on_free(step.time, step.address, block);
}

template <typename Observer>
void HeapModel::take(StreamId stream_id, const HeapStep& step, Observer& observer) {
  size_t at = moving_.size();
  while (at != 0 && (moving_[at - 1].address != step.old_address || moving_[at - 1].stream_id != stream_id)) --at;
  if (at == 0) return alloc(stream_id, step, observer);
  const Block was = moving_[at - 1].block;
  moving_.erase(moving_.begin() + static_cast<std::ptrdiff_t>(at - 1));
  const Block block{step.size, was.birth, site_of(stream_id, step)};
  place(stream_id, step, block, observer);
  count_end(was);
  count_alloc(block.site, step.size);
  ++reallocs_[number_of(step.domain)];
  note_peak(step.time);
  observer.on_realloc(step.time, step.old_address, was, step.address, block);
}

template <typename Observer>
void HeapModel::map(StreamId stream_id, const HeapStep& step, uint64_t birth, Observer& observer) {
  unmap(step, observer);
  const Mapping mapping{Mappings::end_of(step.address, step.size), birth, site_of(stream_id, step), step.flags};
  if (mapping.end == step.address) return;
  mappings_.insert(step.address, mapping);
  if (!mapping.counts()) return;
  const Block block{mapping.end - step.address, birth, mapping.site};
  count_alloc(block.site, block.size_bytes);
  note_peak(step.time);
  observer.on_alloc(step.time, step.address, block);
}

// Returns whether anything known was there.
template <typename Observer>
bool HeapModel::unmap(const HeapStep& step, Observer& observer) {
  return mappings_.cut(step.address, Mappings::end_of(step.address, step.size), [&](const Cut& cut) {
    if (cut.was.counts()) account_cut(step.time, cut, observer);
  });
}

template <typename Observer>
void HeapModel::account_cut(uint64_t time, const Cut& cut, Observer& observer) {
  const Block was{cut.was.end - cut.begin, cut.was.birth, cut.was.site};
  count_end(was);
  const bool left = cut.left_bytes() != 0;
  const bool right = cut.right_bytes() != 0;
  if (!left && !right) {
    ++frees_[number_of(sites_.domain(was.site))];
    return observer.on_free(time, cut.begin, was);
  }
  const Block first{left ? cut.left_bytes() : cut.right_bytes(), was.birth, was.site};
  restore(first);
  observer.on_realloc(time, cut.begin, was, left ? cut.begin : cut.cut_end, first);
  if (!left || !right) return;
  const Block second{cut.right_bytes(), was.birth, was.site};
  restore(second);
  observer.on_alloc(time, cut.cut_end, second);
}

template <typename Observer>
void HeapModel::make_arena(const HeapStep& step, Observer& observer) {
  const Arena arena{step.size, step.time, step.stack};
  arenas_.make(step.address, arena);
  blocks_.make_arena(step.address, step.size);
  observer.on_arena_made(step.time, step.address, arena);
}

}  // namespace cistern::analyzer
