#include "analyzer/model/moment.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "analyzer/model/image_run.h"
#include "analyzer/read/failure.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

std::optional<uint64_t> place(const Profile& profile, const std::string& text, size_t image = 0) {
  const Moment moment = parse_moment(text);
  return MomentInProfile(moment, profile).in(profile.images[image], nullptr);
}

TEST(Moment, IsTheEndStateByDefault) {
  const Profile profile = leaky_service().read();
  EXPECT_EQ(place(profile, "end"), kStart + 11'500'000'000);
  EXPECT_EQ(place(profile, "exit"), UINT64_MAX);
}

TEST(Moment, IsATimeSinceTheStart) {
  const Profile profile = leaky_service().read();
  EXPECT_EQ(place(profile, "2.5s"), kStart + 2'500'000'000);
  EXPECT_EQ(place(profile, "250ms"), kStart + 250'000'000);
  EXPECT_EQ(parse_moment("1.5m").since_start_ns, 90'000'000'000);
  EXPECT_THROW(place(profile, "100s"), Failure);  // it had ended
}

TEST(Moment, IsAMarkWhenTheTextIsNotATime) {
  for (const char* text : {"nans", "infs", "1e400s", "1e18m", "999999999999m", "-1s"}) {
    const Moment moment = parse_moment(text);
    EXPECT_EQ(moment.kind, MomentKind::kMark) << text;
  }
}

TEST(Moment, IsTheLastMarkOfANameOrTheNumberedOne) {
  Recording recording;
  recording.mark(kStart + 10, "warm");
  recording.mark(kStart + 20, "warm");
  recording.mark(kStart + 30, "other");
  const Profile profile = recording.read();
  EXPECT_EQ(place(profile, "warm"), kStart + 20);
  EXPECT_EQ(place(profile, "warm:1"), kStart + 10);
  try {
    place(profile, "cold");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kUsage);
    EXPECT_NE(std::string(failure.what()).find("no mark cold (it has other, warm)"), std::string::npos);
  }
  EXPECT_THROW(place(profile, "warm:3"), Failure);
}

TEST(Moment, OfThePeakIsRightAfterItsEvent) {
  Recording recording;
  recording.alloc(1, kStart + 10, 0x1000, 100);
  recording.alloc(1, kStart + 20, 0x2000, 100);
  recording.free(1, kStart + 30, 0x1000);
  const Profile profile = recording.read();
  EXPECT_EQ(place(profile, "peak"), kStart + 21);
}

TEST(Moment, IsTheSameMomentInEveryProcess) {
  const TemporaryDirectory directory;
  Recording first;
  first.record(ClockPairRecord{kStart, 5'000'000'000, 0});
  first.mark(kStart + 3'000'000'000, "here");
  first.write(directory.file("x.cistern"));
  std::filesystem::create_directory(directory.file("x.cistern.d"));
  Recording child(4800);
  child.header.first_time = 77;
  child.record(ClockPairRecord{77, 7'000'000'000, 0});  // two seconds later
  child.write(directory.file("x.cistern.d/4800-12345-1.cistern"));
  const Profile profile = open_profile(directory.file("x.cistern"));
  ASSERT_EQ(profile.images.size(), 2u);
  EXPECT_EQ(start_in_tree_ns(profile, profile.images[1]), 2'000'000'000);
  EXPECT_EQ(place(profile, "here", 0), kStart + 3'000'000'000);
  EXPECT_EQ(place(profile, "here", 1), 77u + 1'000'000'000u);
  EXPECT_EQ(place(profile, "1s", 1), std::nullopt);  // it had not begun
}

TEST(ProfileClock, InterpolatesBetweenPairsAndExtrapolatesBeyondThem) {
  ProfileHeader header = golden_header(FileRole::kProfile);
  header.clock_hz = 2'000'000'000;
  header.time_shift = 4;  // the estimate: 8 ns a tick
  header.first_time = 1000;
  const ProfileClock clock(header, {{1000, 500'000, 0}, {2000, 510'000, 0}, {1500, 505'000, 0}, {3000, 530'000, 0}});
  EXPECT_EQ(clock.since_start_ns(1000), 0);
  EXPECT_EQ(clock.since_start_ns(1500), 5000);
  EXPECT_EQ(clock.since_start_ns(2500), 20'000);
  EXPECT_EQ(clock.since_start_ns(4000), 50'000);
  EXPECT_EQ(clock.since_start_ns(900), -1000);
  EXPECT_EQ(clock.time_at(20'000), 2500u);
  EXPECT_EQ(clock.time_at(50'000), 4000u);
  EXPECT_EQ(clock.start_monotonic_ns(), 500'000);
  const ProfileClock unpaired(header, {});
  EXPECT_EQ(unpaired.since_start_ns(1100), 800);
  EXPECT_EQ(unpaired.ticks_of_ns(800), 100u);
}

TEST(ImageRun, HasEndAndPeakForAnyMomentOfTheReport) {
  const Profile profile = leaky_service().read();
  const Image& image = profile.images.front();
  ImageRun whole(image, nullptr);
  const ImageFacts expected = whole.finish();
  for (const std::string text : {"0s", "2s", "end", "peak", "exit", "half"}) {
    ImageRun run(image, nullptr);
    run.to(*place(profile, text));
    const ImageFacts facts = run.finish();
    EXPECT_EQ(facts.end, expected.end) << text;
    EXPECT_EQ(facts.peak, expected.peak) << text;
    EXPECT_EQ(facts.events, expected.events) << text;
  }
  EXPECT_EQ(expected.end, (Amount{40 * 190 + 10 * 62 + 5 * 48 + (1 << 20), 56}));
  EXPECT_EQ(expected.events, 137u);
  EXPECT_EQ(expected.duration_ns, 12'400'000'000u);
  EXPECT_TRUE(expected.complete());
}

}  // namespace
}  // namespace cistern::analyzer
