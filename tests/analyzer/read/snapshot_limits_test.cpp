// The reader accepts every snapshot that a writer may make, up to the limits that both share, and no larger one.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "analyzer/leaks/growth_windows.h"
#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/pools/pool_curve.h"
#include "analyzer/pools/pool_table.h"
#include "analyzer/read/snapshot.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {
namespace {

struct Rows {
  uint64_t windows = 0;
  uint64_t points = 0;
  uint64_t domains = 0;
  uint64_t size_class = 0;
  uint64_t curve_shift = 0;
};

constexpr Rows kLargest{kMaxGrowthWindows, kMaxPoolPoints, kMaxSnapshotDomains, kPoolSizeClasses - 1, kMaxCurveShift};

// Writes a snapshot with that many rows and reads it back.
bool is_accepted(const Rows& rows) {
  std::deque<std::string> contents;
  SnapshotWriter writer([&](std::string_view content) { contents.emplace_back(content); });
  writer.add(SnapshotSite{});
  for (uint64_t i = 0; i < rows.domains; ++i) writer.add(SnapshotDomain{});
  writer.add(SnapshotPool{0x1000, rows.size_class});
  writer.add(SnapshotGrowth{0, 16, 0, 1, 0});
  for (uint64_t i = 0; i < rows.windows; ++i) writer.add(SnapshotWindow{i, 16});
  for (uint64_t i = 0; i < rows.windows; ++i) writer.add(SnapshotMarkCount{{0, i, 1}});
  SnapshotPoolLife life;
  life.curve_shift = rows.curve_shift;
  writer.add(life);
  for (uint64_t i = 0; i < rows.points; ++i) writer.add(SnapshotPoolPoint{i, 0, 0});
  SnapshotHeap heap;
  heap.time = 1'000'000;
  writer.finish(heap);

  std::vector<FoundSegment> segments;
  for (const std::string& content : contents) {
    FoundSegment segment;
    segment.header = new_segment_header(SegmentKind::kSnapshot, StreamId{kSnapshotStream},
                                        snapshot_sequence(0, segments.size()), heap.time);
    segment.header.payload_bytes = segment.header.content_bytes = static_cast<uint32_t>(content.size());
    segment.payload = {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
    segments.push_back(segment);
  }
  return Snapshot::read(segments) != nullptr;
}

TEST(SnapshotLimits, TheLargestSnapshotIsAccepted) {
  EXPECT_TRUE(is_accepted(kLargest));
}

TEST(SnapshotLimits, ASnapshotThatExceedsOneLimitIsRefused) {
  for (uint64_t Rows::*field : {&Rows::windows, &Rows::points, &Rows::domains, &Rows::size_class, &Rows::curve_shift}) {
    Rows rows = kLargest;
    ++(rows.*field);
    EXPECT_FALSE(is_accepted(rows));
  }
}

TEST(SnapshotLimits, AreThoseOfTheWriters) {
  EXPECT_EQ(GrowthWindows::kMaxWindows, kMaxGrowthWindows);
  EXPECT_EQ(PoolCurve::kMaxPoints, kMaxPoolPoints);
  EXPECT_EQ(kSizeClasses, kPoolSizeClasses);
}

}  // namespace
}  // namespace cistern::analyzer
