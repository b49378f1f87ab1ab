#include "analyzer/write/snapshot_builder.h"

#include <algorithm>
#include <map>
#include <vector>

#include "analyzer/leaks/growth_windows.h"
#include "analyzer/model/heap_model.h"
#include "analyzer/pools/pool_watch.h"
#include "analyzer/read/event_stream.h"

namespace cistern::analyzer {
namespace {

struct Observers : HeapObserver {
  Observers(const Image& image, const Sites& sites, StackResolver& stacks, const CallTree& tree)
      : growth(image, sites, stacks, tree, std::nullopt), pools(image) {}

  void on_alloc(uint64_t time, uint64_t address, const Block& block) {
    growth.on_alloc(time, address, block);
    pools.on_alloc(time, address, block);
  }
  void on_free(uint64_t time, uint64_t address, const Block& block) { pools.on_free(time, address, block); }
  void on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address, const Block& block) {
    growth.on_realloc(time, old_address, was, address, block);
    pools.on_realloc(time, old_address, was, address, block);
  }
  void on_arena_made(uint64_t time, uint64_t address, const Arena& arena) { pools.on_arena_made(time, address, arena); }
  void on_arena_freed(uint64_t time, uint64_t address) { pools.on_arena_freed(time, address); }

  GrowthWindows growth;
  PoolWatch pools;
};

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(const Image& image)
      : image_(image),
        stream_(image),
        model_(image.clock),
        stacks_(image, tree_),
        observers_(image, loaded(image, model_).sites(), stacks_, tree_) {
    if (image.snapshot != nullptr) heap_ = image.snapshot->heap();
  }

  SnapshotExtent run(uint64_t until, SnapshotWriter& out) {
    for (const MarkRecord& mark : image_.process_events.marks) {
      if (mark.time < image_.begin_time() || mark.time >= until) continue;
      run_until(mark.time);
      marks_.push_back({mark.time, model_.totals().live.bytes, model_.totals().live.blocks});
    }
    run_until(until);
    heap_.time = until == UINT64_MAX ? std::max(heap_.last_time, image_.begin_time()) + 1 : until;
    save(out);
    return {heap_.time, model_.totals().live.blocks};
  }

 private:
  static HeapModel& loaded(const Image& image, HeapModel& model) {
    if (image.snapshot != nullptr) model.load(*image.snapshot);
    return model;
  }

  // An event of two steps counts when its second step is applied.
  void run_until(uint64_t time) {
    for (StepRun run = stream_.next(time); !run.steps.empty(); run = stream_.next(time)) {
      model_.apply(run, observers_);
      heap_.last_time = run.steps.back().time;
      heap_.events += static_cast<uint64_t>(std::count_if(run.steps.begin(), run.steps.end(), [](const HeapStep& step) {
        return step.kind != HeapStepKind::kReallocRelease && step.kind != HeapStepKind::kRemapRelease;
      }));
    }
  }

  void save(SnapshotWriter& out) {
    model_.save(out, heap_);
    observers_.pools.save(out);
    observers_.growth.save(out);
    if (image_.snapshot != nullptr) image_.snapshot->for_each<SnapshotMark>([&](const auto& row) { out.add(row); });
    for (const SnapshotMark& mark : marks_) out.add(mark);
    save_positions(out);
    out.finish(heap_);
  }

  // Per stream, the position up to which the snapshot has its events: the published bytes of a segment in the window,
  // the whole of any other segment.
  void save_positions(SnapshotWriter& out) const {
    std::map<uint64_t, SnapshotPosition> positions;
    if (image_.snapshot != nullptr) {
      image_.snapshot->for_each<SnapshotPosition>([&](const auto& row) { positions[row.stream_id] = row; });
    }
    for (const FoundSegment& segment : image_.segments) {
      if (segment.header.kind != SegmentKind::kEvents) continue;
      SnapshotPosition seen{segment.header.stream_id, segment.header.sequence + 1, 0};
      if (segment.in_window) seen = {segment.header.stream_id, segment.header.sequence, segment.payload.size()};
      SnapshotPosition& known = positions[seen.stream_id];
      known.stream_id = seen.stream_id;
      if (seen.sequence > known.sequence || (seen.sequence == known.sequence && seen.offset > known.offset))
        known = seen;
    }
    for (const auto& [stream_id, position] : positions) out.add(position);
  }

  const Image& image_;
  EventStream stream_;
  HeapModel model_;
  CallTree tree_{{.internals = false, .look_up = false}};
  StackResolver stacks_;
  Observers observers_;
  SnapshotHeap heap_;
  std::vector<SnapshotMark> marks_;
};

}  // namespace

SnapshotExtent build_snapshot(const Image& image, uint64_t until, SnapshotWriter& out) {
  return SnapshotBuilder(image).run(until, out);
}

}  // namespace cistern::analyzer
