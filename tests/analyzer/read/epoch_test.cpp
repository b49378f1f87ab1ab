// Overwritten profiles: which events are ignored, and what is not counted as damage.
#include <gtest/gtest.h>

#include "analyzer/model/image_run.h"
#include "analyzer/results/recordings.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

LossesRecord overwritten(uint64_t segments) {
  LossesRecord losses;
  losses.time = kStart + 1000;
  losses.count = kCounters;
  losses.fields[static_cast<size_t>(Counter::kOverwritten)] = segments;
  return losses;
}

// Blocks at 100, 200, … 900 in one segment each of 300 ticks, the first of which is gone.
Recording worked(std::initializer_list<EpochRecord> epochs) {
  Recording recording;
  for (const EpochRecord& epoch : epochs) recording.record(epoch);
  recording.record(overwritten(1));
  for (uint64_t i = 1; i < 10; ++i) {
    recording.alloc(1, kStart + 100 * i, 0x1000 * i, 10 * i);
    if (i % 3 == 0) recording.seal(1, i == 3);
  }
  recording.mark(kStart + 350, "before");
  recording.mark(kStart + 650, "behind");
  return recording;
}

std::vector<uint64_t> sizes_in(const Image& image) {
  std::vector<uint64_t> sizes;
  EventStream stream(image);
  for (StepRun run = stream.next(); !run.steps.empty(); run = stream.next()) {
    for (const HeapStep& step : run.steps) sizes.push_back(step.size);
  }
  EXPECT_EQ(stream.events(), sizes.size());
  return sizes;
}

TEST(Epoch, IgnoresEventsBeforeTheFirstEpochAndReadsAllFromItOn) {
  Recording recording = worked({{kStart + 550, 7}, {kStart + 800, 8}});
  const Profile profile = recording.read();
  const Image& image = profile.images.front();
  EXPECT_EQ(image.epoch_begin, kStart + 550) << "the first epoch in the file";
  EXPECT_EQ(sizes_in(image), (std::vector<uint64_t>{60, 70, 80, 90}));
  EXPECT_EQ(image.damage.lost_segments, 0u) << "what was overwritten is not lost";
  ASSERT_EQ(image.process_events.marks.size(), 1u);
  EXPECT_EQ(image.process_events.marks.front().name, "behind");
  EXPECT_EQ(facts_from_records(image).epoch_begin_ns, 550u);
  EXPECT_FALSE(facts_from_records(image).complete());
}

TEST(Epoch, IgnoresACancelledEpoch) {
  Recording recording = worked({{kStart + 350, 6}, {kNoEpoch, 6}, {kStart + 750, 7}});
  const Profile profile = recording.read();
  EXPECT_EQ(sizes_in(profile.images.front()), (std::vector<uint64_t>{80, 90}));
}

TEST(Epoch, EpochZeroMeansThatNothingWasOverwritten) {
  Recording recording;
  recording.record(EpochRecord{kStart, 0});
  recording.alloc(1, kStart + 10, 0x1000, 10);
  recording.end(kStart + 20, EndKind::kExit, 0);
  const Profile profile = recording.read();
  const Image& image = profile.images.front();
  EXPECT_FALSE(image.overwritten());
  EXPECT_EQ(sizes_in(image), std::vector<uint64_t>{10});
  EXPECT_TRUE(facts_from_records(image).complete());
}

TEST(Epoch, WithoutAnEpochInAnOverwrittenFileNoEventIsUsed) {
  Recording recording = worked({});
  const Profile profile = recording.read();
  EXPECT_TRUE(profile.images.front().overwritten());
  EXPECT_TRUE(sizes_in(profile.images.front()).empty());
}

TEST(Epoch, ReportsOnLiveBlocksRefuseAnOverwrittenFile) {
  Recordings recordings;
  recordings.profiles.push_back(worked({{kStart + 550, 7}}).read());
  EXPECT_THROW(require_live_set(recordings), Failure);
  recordings.profiles.clear();
  recordings.profiles.push_back(Recording().read());
  EXPECT_NO_THROW(require_live_set(recordings));
}

}  // namespace
}  // namespace cistern::analyzer
