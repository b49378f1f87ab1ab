#include <gtest/gtest.h>

#include "preload/cpython/code_object.h"
#include "preload/cpython/collector.h"
#include "preload/cpython/unicode.h"
#include "tests/preload/fake_python.h"

namespace cistern::preload {
namespace {

class EveryLayout : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Python3, EveryLayout, testing::Values(8u, 9u, 10u, 11u, 12u, 13u));

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

TEST_P(EveryLayout, TellsCodeObjectsApartByFingerprint) {
  FakePython fake(GetParam());
  const uint8_t* const one = fake.code("/a.py", "f", 10);
  const uint8_t* const two = fake.code("/a.py", "f", 11);
  EXPECT_TRUE(is_code(fake.python(), one));
  EXPECT_FALSE(is_code(fake.python(), fake.ascii("f")));
  EXPECT_NE(code_fingerprint(fake.layout(), one), code_fingerprint(fake.layout(), two));
  EXPECT_EQ(code_fingerprint(fake.layout(), one), code_fingerprint(fake.layout(), one));
  EXPECT_EQ(line_table_of(fake.layout(), one), "\x01\x02");
}

TEST(Layout, IsKnownForSupportedVersionsOnly) {
  EXPECT_EQ(layout_of(7), nullptr);
  EXPECT_NE(layout_of(8), nullptr);
  EXPECT_NE(layout_of(13), nullptr);
  EXPECT_EQ(layout_of(14), nullptr);
}

TEST(Layout, IsRefusedWhenTheInterpreterSaysOtherwise) {
  const PythonLayout& layout = *layout_of(13);
  uint8_t runtime[1024] = {};
  EXPECT_STREQ(contradiction(layout, runtime), "no debug offsets in _PyRuntime");
  std::memcpy(runtime, "xdebugpy", 8);
  const auto set = [&runtime](uint16_t at, uint64_t value) { std::memcpy(runtime + at, &value, sizeof value); };
  set(184, layout.tstate_frame);
  set(232, layout.previous);
  set(240, layout.code);
  set(248, layout.position);
  set(264, layout.owner);
  EXPECT_EQ(contradiction(layout, runtime), nullptr);
  set(240, 8);
  EXPECT_STREQ(contradiction(layout, runtime), "interpreter_frame.executable");
  set(16, 1);
  EXPECT_STREQ(contradiction(layout, runtime), "a free-threaded build");
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

TEST(Collector, CountsEachInterpreterOfItsOwnAndOneThatTakesADestroyedOnesPlaceFromZero) {
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

}  // namespace
}  // namespace cistern::preload
