#include "analyzer/read/event_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

struct Seen {
  uint64_t time = 0;
  HeapStepKind kind = HeapStepKind::kFree;
  uint32_t stream_id = 0;
  uint64_t address = 0;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> all_steps(const Image& image, uint64_t until = UINT64_MAX) {
  EventStream stream(image);
  std::vector<Seen> seen;
  for (auto run = stream.next(until); !run.steps.empty(); run = stream.next(until)) {
    for (const HeapStep& step : run.steps) seen.push_back({step.time, step.kind, raw(run.stream_id), step.address});
  }
  return seen;
}

TEST(EventStream, MergesThreadsInOrderOfTime) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    Recording recording;
    std::vector<Seen> expected;
    std::map<uint32_t, uint64_t> clock;
    const uint32_t streams = 1 + static_cast<uint32_t>(round) % 7;
    for (int i = 0; i < 5000; ++i) {
      const uint32_t stream_id = 1 + static_cast<uint32_t>(random() % streams);
      uint64_t& now = clock.try_emplace(stream_id, kStart).first->second;
      now += random() % 3 == 0 ? 0 : random() % 2000;
      recording.alloc(stream_id, now, 0x1000 + 16 * static_cast<uint64_t>(i), 1);
      expected.push_back({now, HeapStepKind::kAlloc, stream_id, 0x1000 + 16 * static_cast<uint64_t>(i)});
      if (random() % 300 == 0) recording.seal(stream_id);
    }
    std::stable_sort(expected.begin(), expected.end(), [](const Seen& a, const Seen& b) {
      return std::tie(a.time, a.stream_id) < std::tie(b.time, b.stream_id);
    });
    const Profile profile = recording.read();
    EXPECT_EQ(all_steps(profile.images.front()), expected) << "round " << round;
  }
}

TEST(EventStream, PutsTheBeginOfAReallocBeforeItsNestedEvents) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 1);
  recording.alloc(1, kStart + 15, 0x5000, 1);  // nested: written first
  recording.alloc(1, kStart + 16, 0x6000, 1);
  recording.realloc(1, kStart + 10, kStart + 20, 0x1000, 0x2000, 8);
  const Profile profile = recording.read();
  const std::vector<Seen> expected = {{kStart + 1, HeapStepKind::kAlloc, 1, 0x1000},
                                      {kStart + 10, HeapStepKind::kReallocRelease, 1, 0x1000},
                                      {kStart + 15, HeapStepKind::kAlloc, 1, 0x5000},
                                      {kStart + 16, HeapStepKind::kAlloc, 1, 0x6000},
                                      {kStart + 20, HeapStepKind::kReallocAcquire, 1, 0x2000}};
  EXPECT_EQ(all_steps(profile.images.front()), expected);
}

// Short threads one after another. Some begin with a realloc that began before the first time of their segment.
TEST(EventStream, MergesThousandsOfConsecutiveThreads) {
  constexpr uint32_t kStreams = 3000;
  constexpr uint64_t kApart = 40'000'000;  // a large part of the 0.1 s that EventStream looks ahead
  Recording recording;
  std::vector<Seen> expected;
  for (uint32_t stream_id = 1; stream_id <= kStreams; ++stream_id) {
    const uint64_t begin = kStart + stream_id * kApart;
    if (stream_id % 5 == 0) {
      recording.begin_segment(stream_id, begin);
      recording.realloc(stream_id, begin - kApart - 3, begin, 0x7000 + stream_id, 0x9000 + stream_id, 8);
      expected.push_back({begin - kApart - 3, HeapStepKind::kReallocRelease, stream_id, 0x7000 + stream_id});
      expected.push_back({begin, HeapStepKind::kReallocAcquire, stream_id, 0x9000 + stream_id});
    }
    for (uint64_t i = 1; i <= 3; ++i) {
      recording.alloc(stream_id, begin + i * kApart, 0x10000 * stream_id + i, 1);
      expected.push_back({begin + i * kApart, HeapStepKind::kAlloc, stream_id, 0x10000 * stream_id + i});
    }
  }
  std::stable_sort(expected.begin(), expected.end(), [](const Seen& a, const Seen& b) {
    return std::tie(a.time, a.stream_id) < std::tie(b.time, b.stream_id);
  });
  EXPECT_EQ(all_steps(recording.read().images.front()), expected);
}

TEST(EventStream, PutsFreesBeforeAllocationsOfOtherThreadsAtTheSameTime) {
  Recording recording;
  recording.alloc(1, kStart + 5, 0x1000, 1);
  recording.free(2, kStart + 5, 0x1000);
  recording.alloc(3, kStart + 5, 0x3000, 1);
  const Profile profile = recording.read();
  const std::vector<Seen> expected = {{kStart + 5, HeapStepKind::kFree, 2, 0x1000},
                                      {kStart + 5, HeapStepKind::kAlloc, 1, 0x1000},
                                      {kStart + 5, HeapStepKind::kAlloc, 3, 0x3000}};
  EXPECT_EQ(all_steps(profile.images.front()), expected);
}

TEST(EventStream, KeepsTheOrderOfAThreadAtTheSameTime) {
  Recording recording;
  recording.alloc(1, kStart + 5, 0x1000, 1);
  recording.free(1, kStart + 5, 0x1000);
  recording.alloc(1, kStart + 5, 0x1000, 2);
  const Profile profile = recording.read();
  const auto seen = all_steps(profile.images.front());
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].kind, HeapStepKind::kAlloc);
  EXPECT_EQ(seen[1].kind, HeapStepKind::kFree);
  EXPECT_EQ(seen[2].kind, HeapStepKind::kAlloc);
}

TEST(EventStream, StopsBeforeTheGivenTimeAndContinuesThere) {
  Recording recording;
  for (uint64_t i = 0; i < 3000; ++i) recording.alloc(1 + static_cast<uint32_t>(i % 3), kStart + i, 0x1000 + 16 * i, 1);
  const Profile profile = recording.read();
  EventStream stream(profile.images.front());
  uint64_t count = 0;
  for (auto run = stream.next(kStart + 1000); !run.steps.empty(); run = stream.next(kStart + 1000)) {
    for (const HeapStep& step : run.steps) EXPECT_LT(step.time, kStart + 1000);
    count += run.steps.size();
  }
  EXPECT_EQ(count, 1000u);
  for (auto run = stream.next(); !run.steps.empty(); run = stream.next()) count += run.steps.size();
  EXPECT_EQ(count, 3000u);
  EXPECT_EQ(stream.events(), 3000u);
}

TEST(EventStream, NeverStepsBackInTimeWhenAnEventIsFarOutOfOrder) {
  Recording recording;
  for (uint64_t i = 0; i < 4000; ++i) recording.alloc(1, kStart + 1000 + i, 0x1000 + 16 * i, 1);
  recording.alloc(1, kStart + 1, 0x9990000, 1);
  const Profile profile = recording.read();
  EventStream stream(profile.images.front());
  uint64_t last = 0;
  uint64_t count = 0;
  for (auto run = stream.next(); !run.steps.empty(); run = stream.next()) {
    for (const HeapStep& step : run.steps) {
      EXPECT_GE(step.time, last);
      last = step.time;
      ++count;
    }
  }
  EXPECT_EQ(count, 4001u);
  EXPECT_EQ(stream.misplaced_steps(), 1u);
}

}  // namespace
}  // namespace cistern::analyzer
