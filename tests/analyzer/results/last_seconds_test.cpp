#include "analyzer/results/last_seconds.h"

#include <gtest/gtest.h>

#include "analyzer/model/cut_off.h"
#include "analyzer/render/text/last_seconds_text.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// Holds 1,000 bytes from its beginning, and a block of 100 bytes more for each second that it lives.
Recording growing(uint64_t seconds) {
  Recording r;
  r.record(ClockPairRecord{kStart, 5'000'000'000, 1'600'000'000'000'000'000});
  r.record(ThreadRecord{StreamId{1}, kStart, 4711, true, StreamId{}, StackId{}, "python3"});
  const Place main{"main", "/srv/app.py", 3};
  const StackId cache = r.stack({main, {"fill", "/srv/app.py", 7}});
  const StackId leak = r.stack({main, {"remember", "/srv/app.py", 9}});
  r.alloc(1, kStart + 1, 0x1000, 1000, cache);
  for (uint64_t i = 1; i <= seconds; ++i) {
    r.alloc(1, kStart + i * kSecond - 20, 0x900000, 77, cache);
    r.free(1, kStart + i * kSecond - 10, 0x900000);
    r.alloc(1, kStart + i * kSecond, 0x10000 + i * 256, 100, leak);
  }
  r.record(MemoryRecord{kStart + 2 * kSecond, 0, 20'000'000, 0, 0});
  r.record(MemoryRecord{kStart + (seconds - 1) * kSecond, 0, 30'000'000, 0, 0});
  return r;
}

// The tree has views into the profile.
LastSeconds last_of(const Profile& profile, CallTree& tree) {
  EXPECT_TRUE(was_cut_off(profile.images.at(0)));
  return last_seconds(profile.images.at(0), tree, nullptr);
}

TEST(LastSeconds, OfAShortRunAreItsLastTenth) {
  const Profile profile = growing(40).read();
  CallTree tree;
  const LastSeconds last = last_of(profile, tree);
  EXPECT_NEAR(last.seconds(), 4, 0.01);
  EXPECT_EQ(last.all.live, (Amount{1000 + 40 * 100, 41}));
  ASSERT_EQ(last.held.size(), 2u);
  EXPECT_EQ(last.held[0].live, (Amount{4000, 40})) << "most held first";
  ASSERT_EQ(last.grown.size(), 1u) << "what comes and goes has not grown";
  // Those of seconds 36 to 40.
  EXPECT_EQ(last.grown[0].grown_bytes(), 500);
  EXPECT_EQ(last.grown[0].grown_blocks(), 5);
  EXPECT_EQ(last.resident_before_bytes, 20'000'000u);
  EXPECT_EQ(last.resident_bytes, 30'000'000u);
}

TEST(LastSeconds, OfALongRunAreItsLastTenSeconds) {
  const Profile profile = growing(1000).read();
  CallTree tree;
  const LastSeconds last = last_of(profile, tree);
  EXPECT_NEAR(last.seconds(), 10, 0.01);
  ASSERT_EQ(last.grown.size(), 1u);
  EXPECT_EQ(last.grown[0].grown_bytes(), 1100);
}

TEST(LastSeconds, TextNamesLinesOfTheProgramsOwnCodeIn80Columns) {
  const Profile profile = growing(40).read();
  CallTree tree;
  const LastSeconds last = last_of(profile, tree);
  PathNames names;
  add_paths(last, tree, names);
  Terminal terminal;
  terminal.columns = 80;
  const StackText stacks(tree, names, terminal, 1);
  EXPECT_EQ(last_seconds_text(last, tree, stacks, 80, 4),
            "process 4711 held 5.0 kB in 41 blocks at its last event, +500 B in its last 4.0\n"
            "  s (125 B/s)\n"
            "RSS 20.0 MB before its last 4.0 s, 30.0 MB when last sampled\n"
            "  held    4.0 kB        40                  app.py:9 in remember\n"
            "  held    1.0 kB         1                  app.py:7 in fill\n"
            "  grew    +500 B        +5        125 B/s   app.py:9 in remember\n");
}

TEST(LastSeconds, AreReportedOnlyForImagesThatWereCutOff) {
  for (const auto& [how, sudden] : {std::pair{EndKind::kExit, false},
                                    {EndKind::kQuickExit, false},
                                    {EndKind::kExec, false},
                                    {EndKind::kSignal, true}}) {
    Recording r = growing(3);
    r.end(kStart + 4 * kSecond, how, 9);
    EXPECT_EQ(was_cut_off(r.read().images.at(0)), sudden);
  }
}

}  // namespace
}  // namespace cistern::analyzer
