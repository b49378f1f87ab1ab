// Timelines of recordings whose live blocks are known at every moment.

#include "analyzer/results/timeline_result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/builders/command_output.h"
#include "tests/builders/recording.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

// A hundred blocks of 10 bytes, one every 10 ns from the start; each second one is freed 5 ns after its birth; 1,000
// bytes of MEM live from 495 to 496.
Recording steady() {
  Recording r;
  r.record(ClockPairRecord{kStart, 5'000'000'000, 1'600'000'000'000'000'000});
  for (uint64_t i = 0; i < 100; ++i) {
    const uint64_t now = kStart + 1 + i * 10;
    r.alloc(1, now, 0x10000 + i * 64, 10);
    if (i % 2 == 1) r.free(1, now + 5, 0x10000 + i * 64);
    if (i == 49) {
      r.alloc(1, now + 4, 0x90000, 1000, {}, Domain::kMem);
      r.free(1, now + 5, 0x90000, Domain::kMem);
    }
    if (i == 20) r.mark(now + 9, "early");
    if (i == 79) r.mark(now + 9, "late");
  }
  r.record(MemoryRecord{kStart + 300, 0, 7000, 0, 0});
  r.record(MemoryRecord{kStart + 700, 0, 9000, 0, 0});
  r.record(CollectionRecord{kStart + 350, 0, 2, 3, 11, 1});
  r.end(kStart + 1000, EndKind::kExit, 0);
  return r;
}

std::vector<Profile> of(Recording recording) {
  std::vector<Profile> profiles;
  profiles.push_back(recording.read());
  return profiles;
}

// Blocks of steady() that live `ns` after the start.
uint64_t blocks_at(uint64_t ns) {
  uint64_t live = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const uint64_t birth = 1 + i * 10;
    if (birth < ns && (i % 2 == 0 || birth + 5 >= ns)) ++live;
  }
  return live;
}

TEST(Timeline, PointsHaveTheLiveBytesAtEqualIntervals) {
  Recording recording = steady();
  const auto profiles = of(std::move(recording));
  for (const size_t count : {1u, 4u, 10u, 100u}) {
    const TimelineResult timeline = timeline_of(profiles, count, nullptr);
    ASSERT_EQ(timeline.points.size(), count);
    for (size_t i = 0; i < count; ++i) {
      const TimelinePoint& point = timeline.points[i];
      EXPECT_EQ(point.time_ns, static_cast<int64_t>(1000 * (i + 1) / count));
      const uint64_t blocks = blocks_at(static_cast<uint64_t>(point.time_ns));
      EXPECT_EQ(point.live, (Amount{blocks * 10, blocks})) << point.time_ns;
      EXPECT_EQ(point.domain_bytes[static_cast<size_t>(Domain::kObj)], blocks * 10);
      EXPECT_EQ(point.processes, 1u);
    }
  }
}

TEST(Timeline, PointHasTheMaximumSinceThePreviousPoint) {
  const auto profiles = of(steady());
  const TimelineResult timeline = timeline_of(profiles, 4, nullptr);
  EXPECT_EQ(timeline.points[1].most_bytes, 1000 + 26 * 10u);
  EXPECT_EQ(timeline.points[1].live.bytes, blocks_at(500) * 10);
  EXPECT_LT(timeline.points[2].most_bytes, 1000u);
}

TEST(Timeline, MarksHaveTheirLiveBytes) {
  const auto profiles = of(steady());
  const TimelineResult timeline = timeline_of(profiles, 3, nullptr);
  ASSERT_EQ(timeline.marks.size(), 2u);
  EXPECT_EQ(timeline.marks[0].name, "early");
  EXPECT_EQ(timeline.marks[0].time_ns, 210);
  EXPECT_EQ(timeline.marks[0].live.blocks, blocks_at(210));
  EXPECT_EQ(timeline.marks[1].live.blocks, blocks_at(800));
}

TEST(Timeline, ResidentMemoryAndCollectionsCountFromTheirSample) {
  const auto profiles = of(steady());
  const TimelineResult timeline = timeline_of(profiles, 10, nullptr);
  EXPECT_EQ(timeline.points[1].resident_bytes, 0u);
  EXPECT_EQ(timeline.points[2].resident_bytes, 7000u);
  EXPECT_EQ(timeline.points[5].resident_bytes, 7000u);
  EXPECT_EQ(timeline.points[9].resident_bytes, 9000u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(timeline.points[i].collections, i == 3 ? 3u : 0u);
  EXPECT_EQ(timeline.points[3].collected, 11u);
  ASSERT_EQ(timeline.collections.size(), 1u);
  EXPECT_EQ(timeline.collections[0].time_ns, 350);
}

TEST(Timeline, PoolBytesAreUsedOrHeld) {
  Recording recording;
  constexpr uint64_t kArena = 0x7f0000000000;
  Event made;
  made.op = Op::kArena;
  made.domain = Domain::kObj;
  made.time = made.end_time = kStart + 10;
  made.address = kArena;
  made.size = 1 << 20;
  recording.event(1, made);
  for (uint64_t i = 0; i < 50; ++i) recording.alloc(1, kStart + 20 + i, kArena + 48 + i * 32, 30);
  recording.end(kStart + 100, EndKind::kExit, 0);
  const auto profiles = of(std::move(recording));
  const TimelineResult timeline = timeline_of(profiles, 2, nullptr);
  EXPECT_EQ(timeline.points[0].pool_used_bytes, 30 * 32u);
  EXPECT_EQ(timeline.points[1].pool_used_bytes, 50 * 32u);
  EXPECT_EQ(timeline.points[1].arena_bytes, 1u << 20);
  EXPECT_EQ(timeline.points[1].pool_held_bytes, (1u << 20) - 50 * 32u);
}

TEST(Timeline, ImageWithoutEventsHasEmptyPoints) {
  Recording recording;
  recording.run_of("true");
  const auto profiles = of(std::move(recording));
  const TimelineResult timeline = timeline_of(profiles, 3, nullptr);
  ASSERT_EQ(timeline.points.size(), 3u);
  EXPECT_EQ(timeline.points[2].live.bytes, 0u);
}

class TimelineReport : public testing::Test {
 protected:
  std::string printed(Recording recording, const std::vector<std::string>& more = {}) {
    recording.write(directory_.file("x.cistern"));
    std::vector<std::string> arguments = {"timeline", directory_.file("x.cistern")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return printed_by(arguments);
  }
  TemporaryDirectory directory_;
};

TEST_F(TimelineReport, CsvHasOneRowPerPointWithAllFields) {
  std::istringstream lines(printed(steady(), {"--csv", "--points=7"}));
  size_t rows = 0;
  for (std::string line; std::getline(lines, line); ++rows) {
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), 16) << line;
  }
  EXPECT_EQ(rows, 8u);
}

TEST_F(TimelineReport, TextHasEightyColumnsWithMarksAndCollections) {
  for (const bool service : {false, true}) {
    const std::string text = printed(service ? leaky_service() : steady());
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto continued = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) == 0x80; });
      if (line.starts_with("next: ")) continue;
      EXPECT_LE(line.size() - static_cast<size_t>(continued), 80u) << line;
    }
    EXPECT_NE(text.find(service ? "mark half: " : "mark early: "), std::string::npos) << text;
    const bool collected = text.find("3 collections, 11 objects freed, 1 uncollectable") != std::string::npos;
    EXPECT_NE(collected, service) << text;
  }
}

}  // namespace
}  // namespace cistern::analyzer
