#include <gtest/gtest.h>

#include "preload/cpython/code_object.h"
#include "preload/cpython/collector.h"
#include "preload/cpython/unicode.h"
#include "tests/builders/fake_python.h"

namespace cistern::preload {
namespace {

class EveryLayout : public testing::TestWithParam<PythonBuild> {};
INSTANTIATE_TEST_SUITE_P(Python3, EveryLayout,
                         testing::Values(8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u, PythonBuild(13, true),
                                         PythonBuild(14, true), PythonBuild(15, true)));

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
  EXPECT_NE(layout_of(15), nullptr);
  EXPECT_EQ(layout_of(16), nullptr);
  EXPECT_EQ(layout_of(12, true), nullptr);
  EXPECT_NE(layout_of(13, true), nullptr);
  EXPECT_NE(layout_of(14, true), nullptr);
  EXPECT_NE(layout_of(15, true), nullptr);
  EXPECT_EQ(layout_of(16, true), nullptr);
}

// The beginning of a _PyRuntime: _Py_DebugOffsets with the values of the builds that were looked at.
struct DebugOffsets {
  PythonBuild build;
  std::vector<std::pair<uint16_t, uint64_t>> values;
};
using Values = std::vector<std::pair<uint16_t, uint64_t>>;
const DebugOffsets kDebugOffsets[] = {
    {13, Values{{8, 0x030d00f0}, {16, 0},   {80, 7400}, {176, 16},  {184, 72},  {192, 152}, {232, 8},  {240, 0},
                {248, 56},       {264, 70}, {280, 112}, {288, 120}, {296, 128}, {304, 136}, {312, 68}, {344, 200},
                {360, 8},        {520, 16}, {528, 32},  {544, 32},  {552, 16},  {560, 40},  {576, 200}}},
    {PythonBuild(13, true),
     Values{{8, 0x030d0ff0}, {16, 1},   {80, 7400}, {176, 16},  {184, 72},  {192, 152}, {232, 8},  {240, 0},
            {248, 56},       {264, 70}, {280, 128}, {288, 136}, {296, 144}, {304, 152}, {312, 84}, {344, 216},
            {360, 24},       {520, 32}, {528, 48},  {544, 48},  {552, 32},  {560, 56},  {576, 200}}},
    {14, Values{{8, 0x030e0af0}, {16, 0},   {88, 7408}, {200, 16},  {208, 72},  {216, 152}, {256, 8},  {264, 0},
                {272, 56},       {288, 74}, {320, 112}, {328, 120}, {336, 128}, {344, 136}, {352, 68}, {384, 208},
                {408, 8},        {600, 16}, {608, 32},  {624, 32},  {632, 16},  {640, 40},  {656, 192}}},
    {PythonBuild(14, true),
     Values{{8, 0x030e07f0}, {16, 1},   {88, 7408}, {200, 16},  {208, 72},  {216, 152}, {256, 8},
            {264, 0},        {272, 56}, {288, 78},  {304, 72},  {320, 128}, {328, 136}, {336, 144},
            {344, 152},      {352, 84}, {384, 232}, {392, 224}, {408, 24},  {600, 32},  {608, 48},
            {624, 48},       {632, 32}, {640, 56},  {656, 192}}},
    {15, Values{{8, 0x030f02f0}, {16, 0},   {88, 7400}, {200, 16},  {208, 72},  {240, 176}, {320, 8},  {328, 0},
                {336, 56},       {352, 74}, {384, 112}, {392, 120}, {400, 128}, {408, 136}, {416, 68}, {448, 208},
                {472, 8},        {696, 16}, {704, 32},  {720, 32},  {728, 16},  {736, 40},  {760, 112}}},
    {PythonBuild(15, true),
     Values{{8, 0x030f00c1}, {16, 1},   {88, 7400}, {200, 16},  {208, 72},  {240, 176}, {320, 8},
            {328, 0},        {336, 56}, {352, 78},  {368, 72},  {384, 128}, {392, 136}, {400, 144},
            {408, 152},      {416, 84}, {448, 232}, {456, 224}, {472, 24},  {696, 32},  {704, 48},
            {720, 48},       {728, 32}, {736, 56},  {760, 112}}},
};

TEST(Layout, IsRefusedWhenTheInterpreterSaysOtherwise) {
  for (const DebugOffsets& offsets : kDebugOffsets) {
    const PythonLayout& layout = *layout_of(offsets.build.minor, offsets.build.free_threaded);
    uint8_t runtime[1024] = {};
    EXPECT_STREQ(contradiction(layout, runtime), "no debug offsets in _PyRuntime");
    std::memcpy(runtime, "xdebugpy", 8);
    const auto set = [&runtime](uint16_t at, uint64_t value) { std::memcpy(runtime + at, &value, sizeof value); };
    EXPECT_STREQ(contradiction(layout, runtime), "the debug offsets are another version's");
    for (const auto& [at, value] : offsets.values) set(at, value);
    EXPECT_EQ(contradiction(layout, runtime), nullptr) << offsets.build.minor;
    EXPECT_EQ(is_free_threaded(layout.minor, runtime), layout.free_threaded);
    for (const auto& [at, value] : offsets.values) {
      set(at, at == 16 ? 1 - value : value ^ 1u << 20);
      EXPECT_NE(contradiction(layout, runtime), nullptr) << offsets.build.minor << " at " << at;
      set(at, value);
    }
    EXPECT_STREQ(contradiction(*layout_of(layout.minor == 13 ? 14 : 13), runtime),
                 "the debug offsets are another version's");
    set(16, layout.free_threaded ? 0 : 1);
    EXPECT_STREQ(contradiction(layout, runtime), "the debug offsets are another build's");
  }
  EXPECT_FALSE(is_free_threaded(12, nullptr));
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

// 3.15 keeps rings of runs, of which the current one counts all.
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

// Without the GIL each ring has one run.
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
