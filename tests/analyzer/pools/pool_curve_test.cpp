#include "analyzer/pools/pool_curve.h"

#include <gtest/gtest.h>

namespace cistern::analyzer {
namespace {

TEST(PoolCurve, PointsHaveTheMaximumOfTheirIntervalInALongRun) {
  PoolCurve curve;
  for (uint64_t time = 1000; time < 1'000'000'000; time += 100'000) curve.note(time, time, time / 2);
  curve.note(1'000'000'000, 7, 5);
  const auto& points = curve.points();
  ASSERT_LE(points.size(), PoolCurve::kMaxPoints);
  ASSERT_GE(points.size(), PoolCurve::kMaxPoints / 2 - 1);
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    const CurvePoint& point = points[i];
    EXPECT_GE(point.arena_bytes + 100'000, points[i + 1].time) << "the last of the interval is the most";
    EXPECT_LE(point.arena_bytes, points[i + 1].time);
    EXPECT_EQ(point.used_bytes, point.arena_bytes / 2);
  }
  EXPECT_EQ(curve.last().arena_bytes, 7u);
}

TEST(PoolCurve, IntervalsWithoutEventsRepeatTheLastFigures) {
  PoolCurve curve;
  curve.note(0, 100, 50);
  curve.note(4'000'000, 10, 5);
  for (const CurvePoint& point : curve.points()) EXPECT_EQ(point.arena_bytes, 100u) << point.time;
}

}  // namespace
}  // namespace cistern::analyzer
