#include "analyzer/results/timeline_result.h"

#include <algorithm>
#include <cmath>

#include "analyzer/model/image_run.h"
#include "analyzer/model/last_event.h"
#include "analyzer/model/moment.h"
#include "analyzer/pools/pool_table.h"

namespace cistern::analyzer {
namespace {

// Observes the pools, and the maximum of live bytes since the last call of take_most().
class TimelineObserver : public HeapObserver {
 public:
  TimelineObserver(const Image& image, const HeapTotals& totals) : pools_(pool_table_of(image)), totals_(totals) {}

  void on_alloc(uint64_t time, uint64_t address, const Block& block) {
    pools_.on_alloc(time, address, block);
    note_most();
  }
  void on_free(uint64_t time, uint64_t address, const Block& block) { pools_.on_free(time, address, block); }
  void on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address, const Block& block) {
    pools_.on_realloc(time, old_address, was, address, block);
    note_most();
  }
  void on_arena_made(uint64_t time, uint64_t address, const Arena& arena) {
    pools_.on_arena_made(time, address, arena);
  }
  void on_arena_freed(uint64_t time, uint64_t address) { pools_.on_arena_freed(time, address); }

  const PoolTable& pools() const noexcept { return pools_; }
  uint64_t take_most() noexcept {
    const uint64_t most = std::max(most_, totals_.live.bytes);
    most_ = totals_.live.bytes;
    return most;
  }

 private:
  void note_most() noexcept { most_ = std::max(most_, totals_.live.bytes); }

  PoolTable pools_;
  const HeapTotals& totals_;
  uint64_t most_ = 0;
};

// The start and end of an image on the timeline.
struct Lifetime {
  const Image* image = nullptr;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

Lifetime lifetime_of(const Profile& profile, const Image& image) {
  const int64_t begin = start_in_tree_ns(profile, image);
  const int64_t duration = image.clock.since_start_ns(last_moment(image, last_event_time(image)));
  return {&image, begin, begin + std::max<int64_t>(duration, 0)};
}

class ImageTimeline {
 public:
  ImageTimeline(const Lifetime& lifetime, TimelineResult& timeline, Progress* progress)
      : lifetime_(lifetime),
        process_events_(lifetime.image->process_events),
        timeline_(timeline),
        run_(*lifetime.image, progress),
        observer_(*lifetime.image, run_.model().totals()) {}

  void fill() {
    for (TimelinePoint& point : timeline_.points) fill(point);
    add_marks(UINT64_MAX);
    add_collections(timeline_.points.back(), INT64_MAX);
    timeline_.images.push_back(run_.finish(observer_));
  }

 private:
  void fill(TimelinePoint& point) {
    add_collections(point, point.time_ns);
    if (point.time_ns < lifetime_.begin_ns || ended_) return;
    ended_ = point.time_ns >= lifetime_.end_ns;
    const uint64_t time = ended_ ? UINT64_MAX : lifetime_.image->clock.time_at(point.time_ns - lifetime_.begin_ns);
    add_marks(time);
    run_.to(time, observer_);
    // An image that ended since the previous point has a maximum, but holds nothing any more.
    point.most_bytes += observer_.take_most();
    if (point.time_ns <= lifetime_.end_ns) add_state(point, time);
  }

  void add_state(TimelinePoint& point, uint64_t time) {
    const HeapTotals& totals = run_.model().totals();
    ++point.processes;
    point.live.bytes += totals.live.bytes;
    point.live.blocks += totals.live.blocks;
    const DomainSums domains = run_.model().domains();
    for (size_t i = 0; i < kDomainNumbers; ++i) point.domain_bytes[i] += domains[i].live.bytes;
    point.arena_bytes += observer_.pools().arena_bytes();
    point.pool_used_bytes += observer_.pools().used_bytes();
    point.pool_held_bytes += observer_.pools().held_unused_bytes();
    while (memory_ < process_events_.memory.size() && process_events_.memory[memory_].time <= time) ++memory_;
    if (memory_ != 0) point.resident_bytes += process_events_.memory[memory_ - 1].resident_bytes;
  }

  int64_t on_timeline(uint64_t time) const { return lifetime_.begin_ns + lifetime_.image->clock.since_start_ns(time); }

  void add_marks(uint64_t until) {
    for (; mark_ < process_events_.marks.size() && process_events_.marks[mark_].time <= until; ++mark_) {
      const MarkRecord& mark = process_events_.marks[mark_];
      run_.to(mark.time, observer_);
      timeline_.marks.push_back({on_timeline(mark.time), lifetime_.image->header.image.pid, std::string(mark.name),
                                 run_.model().totals().live});
    }
  }

  void add_collections(TimelinePoint& point, int64_t until_ns) {
    for (; collection_ < process_events_.collections.size(); ++collection_) {
      const CollectionRecord& record = process_events_.collections[collection_];
      const int64_t time_ns = on_timeline(record.time);
      if (time_ns > until_ns) return;
      point.collections += record.runs;
      point.collected += record.collected;
      point.uncollectable += record.uncollectable;
      timeline_.collections.push_back({time_ns, lifetime_.image->header.image.pid, record});
    }
  }

  const Lifetime& lifetime_;
  const ProcessEvents& process_events_;
  TimelineResult& timeline_;
  ImageRun run_;
  TimelineObserver observer_;
  bool ended_ = false;
  size_t mark_ = 0;
  size_t memory_ = 0;
  size_t collection_ = 0;
};

std::vector<TimelinePoint> points_until(int64_t end_ns, size_t count) {
  std::vector<TimelinePoint> points(count);
  for (size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(count);
    points[i].time_ns = i + 1 == count ? end_ns : std::llround(static_cast<double>(end_ns) * share);
  }
  return points;
}

template <typename T>
void sort_by_time(std::vector<T>& list) {
  std::stable_sort(list.begin(), list.end(), [](const T& a, const T& b) { return a.time_ns < b.time_ns; });
}

}  // namespace

TimelineResult timeline_of(const std::vector<Profile>& profiles, size_t points, Progress* progress) {
  TimelineResult timeline;
  std::vector<Lifetime> lifetimes;
  int64_t end_ns = 1;
  for (const Profile& profile : profiles) {
    for (const Image& image : profile.images) {
      lifetimes.push_back(lifetime_of(profile, image));
      end_ns = std::max(end_ns, lifetimes.back().end_ns);
    }
  }
  timeline.points = points_until(end_ns, points);
  for (const Lifetime& lifetime : lifetimes) ImageTimeline(lifetime, timeline, progress).fill();
  sort_by_time(timeline.marks);
  sort_by_time(timeline.collections);
  return timeline;
}

TimelineResult analyze(const TimelineQuery& query, const Recordings& recordings, Progress* progress) {
  require_events(recordings);
  return timeline_of(recordings.profiles, query.points, progress);
}

}  // namespace cistern::analyzer
