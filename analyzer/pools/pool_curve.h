// What pymalloc held and what of it was used, over the whole run of an image: at most kMaxPoints points of equal
// intervals, which grow as the run does. A point has the most of each within its interval.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/snapshot.h"

namespace cistern::analyzer {

struct CurvePoint {
  uint64_t time = 0;  // the interval's begin
  uint64_t arena_bytes = 0;
  uint64_t used_bytes = 0;
};

class PoolCurve {
 public:
  static constexpr size_t kMaxPoints = 512;

  // Times must not decrease. Cost: a comparison or two.
  void note(uint64_t time, uint64_t arena_bytes, uint64_t used_bytes) {
    if (time >= interval_end_) advance(time);
    CurvePoint& point = points_.back();
    point.arena_bytes = std::max(point.arena_bytes, arena_bytes);
    point.used_bytes = std::max(point.used_bytes, used_bytes);
    last_ = {time, arena_bytes, used_bytes};
  }

  void load(const Snapshot& snapshot);
  void save(SnapshotWriter& out, SnapshotPoolLife& life) const;

  const std::vector<CurvePoint>& points() const noexcept { return points_; }
  // As it was noted last.
  const CurvePoint& last() const noexcept { return last_; }

 private:
  void advance(uint64_t time);
  void halve();

  std::vector<CurvePoint> points_;
  CurvePoint last_;
  uint64_t interval_end_ = 0;
  unsigned shift_ = 12;  // an interval is so many ticks, as a power of two
};

}  // namespace cistern::analyzer
