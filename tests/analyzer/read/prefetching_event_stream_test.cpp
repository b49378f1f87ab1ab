#include "analyzer/read/prefetching_event_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>
#include <vector>

#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

using Threads = PrefetchingEventStream::Threads;
using Seen = std::tuple<uint32_t, uint64_t, HeapStepKind, uint64_t>;

// More steps than the stream decodes ahead, of three threads.
Profile many_steps() {
  std::mt19937 random(5);
  Recording recording;
  uint64_t now = kStart;
  for (uint64_t i = 0; i < 60'000; ++i) {
    const uint32_t stream_id = 1 + static_cast<uint32_t>(random() % 3);
    now += random() % 3;
    if (random() % 3 == 0) {
      recording.free(stream_id, now, 16 * (random() % 10'000));
    } else {
      recording.alloc(stream_id, now, 16 * i, random() % 100);
    }
    if (random() % 9'000 == 0) recording.seal(stream_id);
  }
  return recording.read();
}

template <typename Stream>
std::vector<Seen> read(Stream& stream, uint64_t until = UINT64_MAX) {
  std::vector<Seen> seen;
  for (StepRun run = stream.next(until); !run.steps.empty(); run = stream.next(until)) {
    for (const HeapStep& step : run.steps) seen.emplace_back(raw(run.stream_id), step.time, step.kind, step.address);
  }
  return seen;
}

TEST(PrefetchingEventStream, ReturnsTheStepsOfEventStream) {
  const Profile profile = many_steps();
  const Image& image = profile.images.front();
  EventStream plain(image);
  const std::vector<Seen> expected = read(plain);
  ASSERT_EQ(expected.size(), 60'000u);
  for (const Threads threads : {Threads::kOne, Threads::kTwo}) {
    PrefetchingEventStream stream(image, threads);
    EXPECT_EQ(read(stream), expected);
    EXPECT_TRUE(stream.next().steps.empty());  // it stays at its end
    EXPECT_EQ(stream.events(), plain.events());
    EXPECT_EQ(stream.decoded_bytes(), plain.decoded_bytes());
    EXPECT_EQ(stream.unreadable_bytes(), 0u);
  }
}

TEST(PrefetchingEventStream, StopsBeforeTheGivenTimeAndContinuesThere) {
  const Profile profile = many_steps();
  const Image& image = profile.images.front();
  EventStream plain(image);
  PrefetchingEventStream stream(image, Threads::kTwo);
  for (uint64_t until = kStart; until < kStart + 70'000; until += 777) {
    const std::vector<Seen> seen = read(stream, until);
    ASSERT_EQ(seen, read(plain, until)) << until;
    for (const Seen& one : seen) ASSERT_LT(std::get<1>(one), until);
  }
  EXPECT_EQ(read(stream), read(plain));
}

TEST(PrefetchingEventStream, CanBeDestroyedAtAnyStep) {
  const Profile profile = many_steps();
  const Image& image = profile.images.front();
  for (size_t runs = 0; runs < 60; ++runs) {
    PrefetchingEventStream stream(image, Threads::kTwo);
    for (size_t i = 0; i < runs; ++i) EXPECT_FALSE(stream.next().steps.empty());
  }
}

TEST(PrefetchingEventStream, IsAtItsEndForAnImageWithoutEvents) {
  Recording recording;
  recording.mark(kStart + 5, "here");
  const Profile profile = recording.read();
  PrefetchingEventStream stream(profile.images.front(), Threads::kTwo);
  EXPECT_TRUE(stream.next().steps.empty());
}

}  // namespace
}  // namespace cistern::analyzer
