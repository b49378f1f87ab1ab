#include "analyzer/pools/pool_curve.h"

namespace cistern::analyzer {

// Appends points up to the interval that contains `time`. Intervals without a call of note() repeat the last figures.
void PoolCurve::advance(uint64_t time) {
  if (points_.empty()) points_.push_back({time});
  const uint64_t start = points_.front().time;
  while ((time - start) >> shift_ >= kMaxPoints) halve();
  const uint64_t index = (time - start) >> shift_;
  while (points_.size() <= index) {
    points_.push_back({start + (uint64_t{points_.size()} << shift_), last_.arena_bytes, last_.used_bytes});
  }
  interval_end_ = start + ((index + 1) << shift_);
}

// Doubles the interval: merges each pair of points into one.
void PoolCurve::halve() {
  ++shift_;
  for (size_t i = 0; i < points_.size(); i += 2) {
    CurvePoint point = points_[i];
    if (i + 1 < points_.size()) {
      point.arena_bytes = std::max(point.arena_bytes, points_[i + 1].arena_bytes);
      point.used_bytes = std::max(point.used_bytes, points_[i + 1].used_bytes);
    }
    points_[i / 2] = point;
  }
  points_.resize((points_.size() + 1) / 2);
}

void PoolCurve::save(SnapshotWriter& out, SnapshotPoolLife& life) const {
  life.curve_shift = shift_;
  life.curve_end = interval_end_;
  life.last_time = last_.time;
  life.last_arena_bytes = last_.arena_bytes;
  life.last_used_bytes = last_.used_bytes;
  for (const CurvePoint& point : points_) out.add(SnapshotPoolPoint{point.time, point.arena_bytes, point.used_bytes});
}

void PoolCurve::load(const Snapshot& snapshot) {
  const auto life = snapshot.row<SnapshotPoolLife>();
  if (!life) return;
  snapshot.for_each<SnapshotPoolPoint>([&](const SnapshotPoolPoint& row) {
    points_.push_back({row.time, row.arena_bytes, row.used_bytes});
  });
  shift_ = static_cast<unsigned>(life->curve_shift);
  interval_end_ = points_.empty() ? 0 : life->curve_end;
  last_ = {life->last_time, life->last_arena_bytes, life->last_used_bytes};
}

}  // namespace cistern::analyzer
