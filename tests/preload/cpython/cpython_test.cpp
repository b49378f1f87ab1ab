#include <gtest/gtest.h>

#include "preload/cpython/code_object.h"
#include "preload/cpython/collector.h"
#include "preload/cpython/unicode.h"
#include "tests/builders/fake_python.h"

namespace cistern::preload {
namespace {

class EveryLayout : public testing::TestWithParam<PythonBuild> {};
INSTANTIATE_TEST_SUITE_P(Python3, EveryLayout, testing::ValuesIn(all_builds()));

TEST_P(EveryLayout, ReadsStringsOfEveryKindAsUtf8) {
  FakePython fake(GetParam());
  char buffer[kUnicodeBytes];
  EXPECT_EQ(read_unicode(fake.layout(), fake.ascii("plain"), buffer), "plain");
  EXPECT_EQ(read_unicode(fake.layout(), fake.unicode(U"d\u00e9j\u00e0", 1), buffer), "d\xc3\xa9j\xc3\xa0");
  EXPECT_EQ(read_unicode(fake.layout(), fake.unicode(U"\u20ac", 2), buffer), "\xe2\x82\xac");
  EXPECT_EQ(read_unicode(fake.layout(), fake.unicode(U"\U0001f40d", 4), buffer), "\xf0\x9f\x90\x8d");
  EXPECT_EQ(read_unicode(fake.layout(), nullptr, buffer), "");
  const std::u32string endless(20'000, U'\u20ac');
  EXPECT_LE(read_unicode(fake.layout(), fake.unicode(endless, 2), buffer).size(), kUnicodeBytes);
}

TEST_P(EveryLayout, GivesCodeObjectsDifferentFingerprints) {
  FakePython fake(GetParam());
  const uint8_t* const one = fake.code("/a.py", "f", 10);
  const uint8_t* const two = fake.code("/a.py", "f", 11);
  EXPECT_TRUE(is_code(fake.python(), one));
  EXPECT_FALSE(is_code(fake.python(), fake.ascii("f")));
  EXPECT_NE(code_fingerprint(fake.layout(), one), code_fingerprint(fake.layout(), two));
  EXPECT_EQ(code_fingerprint(fake.layout(), one), code_fingerprint(fake.layout(), one));
  EXPECT_EQ(line_table_of(fake.layout(), one), "\x01\x02");
}

TEST(Collector, ReportsTheRunsSinceTheLastPoll) {
  FakePython fake(11);
  uint8_t* const interpreter = fake.block(8192);
  uint8_t* const tstate = fake.block(256);
  FakePython::store<uint8_t*>(tstate, kTstateInterpreter, interpreter);
  uint8_t* const generations = interpreter + fake.layout().collector;
  FakePython::store<uint8_t*>(generations, 72, generations);
  struct Seen {
    std::vector<std::pair<int, GenerationStats>> runs;
  } seen;
  const auto report = [](void* context, int generation, const GenerationStats& since) {
    static_cast<Seen*>(context)->runs.emplace_back(generation, since);
  };
  CollectorPoll poll;
  poll.poll(fake.python(), tstate, report, &seen);
  EXPECT_TRUE(seen.runs.empty());
  const GenerationStats second{3, 70, 1};
  std::memcpy(generations + 104 + sizeof second, &second, sizeof second);
  poll.poll(fake.python(), tstate, report, &seen);
  ASSERT_EQ(seen.runs.size(), 1u);
  EXPECT_EQ(seen.runs[0].first, 1);
  EXPECT_EQ(seen.runs[0].second.collections, 3u);
  EXPECT_EQ(seen.runs[0].second.collected, 70u);
  FakePython::store<uint8_t*>(generations, 72, nullptr);
  poll.poll(fake.python(), tstate, report, &seen);
  EXPECT_EQ(seen.runs.size(), 1u) << "what does not look like the collector's state is not read";
}

// As in 3.13.18, where the array follows an int without padding.
TEST(Collector, ReportsRunsIfTheArrayOfGenerationsBeginsFourBytesEarlier) {
  FakePython fake(13);
  uint8_t* const interpreter = fake.block(8192);
  uint8_t* const tstate = fake.block(256);
  FakePython::store<uint8_t*>(tstate, kTstateInterpreter, interpreter);
  uint8_t* const generations = interpreter + fake.layout().collector;
  FakePython::store<uint8_t*>(generations, 72, generations - 4);
  const GenerationStats stats{3, 70, 1};
  std::memcpy(generations + 104, &stats, sizeof stats);
  uint64_t runs = 0;
  CollectorPoll poll;
  poll.poll(
      fake.python(), tstate,
      [](void* context, int, const GenerationStats& since) {
        *static_cast<uint64_t*>(context) += static_cast<uint64_t>(since.collections);
      },
      &runs);
  EXPECT_EQ(runs, 3u);
}

TEST(Collector, CountsInterpretersSeparatelyAndRestartsAtAReusedAddress) {
  FakePython fake(12);
  uint8_t* tstates[2];
  uint8_t* generations[2];
  for (int i = 0; i < 2; ++i) {
    uint8_t* const interpreter = fake.block(8192);
    tstates[i] = fake.block(256);
    FakePython::store<uint8_t*>(tstates[i], kTstateInterpreter, interpreter);
    generations[i] = interpreter + fake.layout().collector;
    FakePython::store<uint8_t*>(generations[i], 72, generations[i]);
  }
  std::vector<uint64_t> collections;
  CollectorPoll poll;
  const auto runs_after = [&](int which, uint64_t runs) {
    const GenerationStats first{runs, 0, 0};
    std::memcpy(generations[which] + 104, &first, sizeof first);
    poll.poll(
        fake.python(), tstates[which],
        [](void* context, int, const GenerationStats& since) {
          static_cast<std::vector<uint64_t>*>(context)->push_back(since.collections);
        },
        &collections);
  };
  runs_after(0, 5);
  runs_after(1, 2);
  runs_after(0, 6);
  runs_after(1, 9);
  runs_after(1, 4);
  EXPECT_EQ(collections, (std::vector<uint64_t>{5, 1, 7, 4}));
}

// 3.15 keeps rings of runs; the current item has the totals.
TEST(Collector, ReadsTheCurrentRunOfARing) {
  constexpr int kItem = 64, kCollections = 16, kYoungIndex = 11 * kItem, kOld = kYoungIndex + 8, kOldIndex = 3 * kItem;
  FakePython fake(15);
  uint8_t* const interpreter = fake.block(8192);
  uint8_t* const tstate = fake.block(256);
  uint8_t* const rings = fake.block(2048);
  FakePython::store<uint8_t*>(tstate, kTstateInterpreter, interpreter);
  uint8_t* const generations = interpreter + fake.layout().collector;
  FakePython::store<uint8_t*>(generations, 160, generations);
  FakePython::store<uint8_t*>(generations, 96, rings);
  std::vector<std::pair<int, uint64_t>> runs;
  CollectorPoll poll;
  const auto look = [&] {
    runs.clear();
    poll.poll(
        fake.python(), tstate,
        [](void* context, int generation, const GenerationStats& since) {
          static_cast<std::vector<std::pair<int, uint64_t>>*>(context)->emplace_back(generation, since.collections);
        },
        &runs);
    return runs;
  };
  EXPECT_TRUE(look().empty());
  FakePython::store<uint64_t>(rings, 10 * kItem + kCollections, 21);
  rings[kYoungIndex] = 10;
  FakePython::store<uint64_t>(rings + kOld + kOldIndex + 8, 1 * kItem + kCollections, 4);
  rings[kOld + kOldIndex + 8 + kOldIndex] = 1;
  EXPECT_EQ(look(), (std::vector<std::pair<int, uint64_t>>{{0, 21}, {2, 4}}));
  FakePython::store<uint64_t>(rings, kCollections, 22);
  rings[kYoungIndex] = 0;
  EXPECT_EQ(look(), (std::vector<std::pair<int, uint64_t>>{{0, 1}}));
  rings[kYoungIndex] = 11;
  FakePython::store<uint64_t>(rings, kCollections, 30);
  EXPECT_TRUE(look().empty()) << "an index that cannot be";
  FakePython::store<uint8_t*>(generations, 96, nullptr);
  EXPECT_TRUE(look().empty());
}

// Without the GIL each ring has one item.
TEST(Collector, ReadsRingsOfOneRun) {
  constexpr int kCollections = 16, kRing = 72;
  FakePython fake(PythonBuild(15, true));
  uint8_t* const interpreter = fake.block(8192);
  uint8_t* const tstate = fake.block(256);
  uint8_t* const rings = fake.block(3 * kRing);
  FakePython::store<uint8_t*>(tstate, kTstateInterpreter, interpreter);
  FakePython::store<uint8_t*>(interpreter + fake.layout().collector, 96, rings);
  std::vector<std::pair<int, uint64_t>> runs;
  const auto report = [](void* context, int generation, const GenerationStats& since) {
    static_cast<std::vector<std::pair<int, uint64_t>>*>(context)->emplace_back(generation, since.collections);
  };
  CollectorPoll poll;
  poll.poll(fake.python(), tstate, report, &runs);
  FakePython::store<uint64_t>(rings, kCollections, 3);
  FakePython::store<uint64_t>(rings + 2 * kRing, kCollections, 5);
  poll.poll(fake.python(), tstate, report, &runs);
  EXPECT_EQ(runs, (std::vector<std::pair<int, uint64_t>>{{0, 3}, {2, 5}}));
}

}  // namespace
}  // namespace cistern::preload
