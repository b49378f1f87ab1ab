// Arena bytes and used bytes of pymalloc over the whole run of an image, as at most kMaxPoints points at equal
// intervals. When the run exceeds the last point, the interval doubles. A point has the maximum of each figure within
// its interval. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/snapshot.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {

struct CurvePoint {
  uint64_t time = 0;  // begin of the interval
  uint64_t arena_bytes = 0;
  uint64_t used_bytes = 0;
};

class PoolCurve {
 public:
  static constexpr size_t kMaxPoints = kMaxPoolPoints;

  // Requires: `time` does not decrease from call to call. Cost: two comparisons.
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
  // The figures of the last call of note().
  const CurvePoint& last() const noexcept { return last_; }

 private:
  void advance(uint64_t time);
  void halve();

  std::vector<CurvePoint> points_;
  CurvePoint last_;
  uint64_t interval_end_ = 0;
  unsigned shift_ = 12;  // an interval is 1 << shift_ ticks
};

}  // namespace cistern::analyzer
