// The result of `cistern timeline`: the figures of a process tree at equal intervals of time, with marks and garbage
// collections. Several profiles are aligned at their starts, and summed.
//
// Cost: one replay of each image. Memory: proportional to the number of points, marks and collections, not to the
// number of events. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/model/heap_totals.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/profile.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

struct TimelineQuery {
  ReportQuery report;  // only the paths matter
  size_t points = 20;  // at least 1
};

// Sums over the processes that are running at this time.
struct TimelinePoint {
  int64_t time_ns = 0;  // since the start of the first image
  uint64_t processes = 0;
  Amount live;
  uint64_t most_bytes = 0;  // maximum of live bytes since the previous point; summed over processes
  std::array<uint64_t, kDomainNumbers> domain_bytes{};
  uint64_t arena_bytes = 0;
  uint64_t pool_used_bytes = 0;  // blocks in use, rounded up to their size classes
  uint64_t pool_held_bytes = 0;  // arena bytes that are not used
  uint64_t resident_bytes = 0;   // last sample; 0 before the first sample
  // Since the previous point.
  uint64_t collections = 0;
  uint64_t collected = 0;
  uint64_t uncollectable = 0;
};

struct TimelineMark {
  int64_t time_ns = 0;
  uint32_t pid = 0;
  std::string name;
  Amount live;  // of the process
};

struct TimelineCollection {
  int64_t time_ns = 0;  // when the recorder noticed it
  uint32_t pid = 0;
  CollectionRecord record;
};

struct TimelineResult {
  std::vector<ImageFacts> images;
  std::vector<TimelinePoint> points;  // the last point is the end of the last image
  std::vector<TimelineMark> marks;    // sorted by time
  std::vector<TimelineCollection> collections;
};

// Calls visit(point, marks) for each point, with the marks since the previous point as a std::span.
template <typename F>
void for_each_point(const TimelineResult& timeline, F&& visit) {
  size_t first = 0;
  for (size_t i = 0; i < timeline.points.size(); ++i) {
    const bool last = i + 1 == timeline.points.size();
    size_t end = first;
    while (end < timeline.marks.size() && (last || timeline.marks[end].time_ns <= timeline.points[i].time_ns)) ++end;
    visit(timeline.points[i], std::span(timeline.marks).subspan(first, end - first));
    first = end;
  }
}

// Requires: `points` > 0. `progress` may be null.
TimelineResult timeline_of(const std::vector<Profile>& profiles, size_t points, Progress* progress);

// `progress` may be null. Errors: Failure, exit code 3, when a profile does not
// contain each event.
TimelineResult analyze(const TimelineQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
