// Memory over time: the figures of a process tree at moments at equal distances, and what happened between them.
// Several profiles lie over each other, each from its own beginning.
// Memory: in proportion to the points, marks and collector runs, whatever the number of events. One replay an image.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/heap_totals.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

// Sums over the processes that are alive at the moment.
struct TimelinePoint {
  int64_t time_ns = 0;  // since the first image began
  uint64_t processes = 0;
  Amount live;
  uint64_t most_bytes = 0;  // live since the point before; of several processes, each one's own most
  std::array<uint64_t, kDomainNumbers> domain_bytes{};
  uint64_t arena_bytes = 0;
  uint64_t pool_used_bytes = 0;  // blocks in use, rounded up to their classes
  uint64_t pool_held_bytes = 0;  // the rest of the arenas
  uint64_t resident_bytes = 0;   // at the last look; 0 before the first
  // Since the point before.
  uint64_t collections = 0;
  uint64_t collected = 0;
  uint64_t uncollectable = 0;
};

struct TimelineMark {
  int64_t time_ns = 0;
  uint32_t pid = 0;
  std::string name;
  Amount live;  // of its process
};

struct TimelineCollection {
  int64_t time_ns = 0;  // when it was noticed
  uint32_t pid = 0;
  CollectionRecord record;
};

struct Timeline {
  std::vector<ImageFacts> images;
  std::vector<TimelinePoint> points;  // the last one at the end of the last image
  std::vector<TimelineMark> marks;    // in order of time
  std::vector<TimelineCollection> collections;
};

// `points` at least 1; `progress` may be null.
Timeline timeline_of(const std::vector<Profile>& profiles, size_t points, Progress* progress);

}  // namespace cistern::analyzer
