// The list of supported CPython versions, and what each version publishes about itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "tests/builders/fake_python.h"

namespace cistern::preload {
namespace {

// The names between the brackets of `SUPPORTED = ["3.8", …]`.
std::set<std::string> supported_by(const std::string& script) {
  std::ifstream file(script);
  std::stringstream text;
  text << file.rdbuf();
  std::smatch list;
  const std::string whole = text.str();
  std::set<std::string> names;
  if (!std::regex_search(whole, list, std::regex(R"(\nSUPPORTED = \[([^\]]*)\])"))) return names;
  const std::string items = list[1];
  const std::regex name(R"re("([^"]+)")re");
  for (std::sregex_iterator at(items.begin(), items.end(), name), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

TEST(SupportedVersions, AreThoseOfScriptsPythonMatrix) {
  std::set<std::string> names;
  for (const PythonBuild& build : all_builds()) EXPECT_TRUE(names.insert(build.name()).second) << build.name();
  EXPECT_EQ(names, supported_by(CISTERN_SOURCE_DIR "/scripts/python-matrix"));
}

TEST(SupportedVersions, AreFoundByNumberAndNoOthersAre) {
  for (const PythonLayout& layout : supported_versions()) {
    EXPECT_EQ(layout_of(layout.minor, layout.free_threaded), &layout);
  }
  EXPECT_EQ(layout_of(7), nullptr);
  EXPECT_EQ(layout_of(12, true), nullptr);
  EXPECT_EQ(layout_of(supported_versions().back().minor + 1u), nullptr);
}

// The beginning of a _PyRuntime: _Py_DebugOffsets with the values of the builds that were looked at.
struct Published {
  PythonBuild build;
  std::vector<std::pair<uint16_t, uint64_t>> values;
};
using Values = std::vector<std::pair<uint16_t, uint64_t>>;
const Published kPublished[] = {
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

TEST(PublishedOffsets, AreCheckedForEveryVersionThatHasThem) {
  std::set<std::string> versions, checked;
  for (const PythonBuild& build :
       builds_where([](const PythonLayout& layout) { return layout.published.interp != 0; })) {
    versions.insert(build.name());
  }
  for (const Published& published : kPublished) checked.insert(published.build.name());
  EXPECT_EQ(checked, versions);
}

TEST(PublishedOffsets, ContradictALayoutWhenOneDiffers) {
  for (const Published& published : kPublished) {
    const PythonLayout& layout = *layout_of(published.build.minor, published.build.free_threaded);
    uint8_t runtime[1024] = {};
    EXPECT_STREQ(contradiction(layout, runtime), "no debug offsets in _PyRuntime");
    std::memcpy(runtime, "xdebugpy", 8);
    const auto set = [&runtime](uint16_t at, uint64_t value) { std::memcpy(runtime + at, &value, sizeof value); };
    EXPECT_STREQ(contradiction(layout, runtime), "the debug offsets are another version's");
    for (const auto& [at, value] : published.values) set(at, value);
    EXPECT_EQ(contradiction(layout, runtime), nullptr) << published.build.name();
    EXPECT_EQ(is_free_threaded(runtime), layout.free_threaded);
    for (const auto& [at, value] : published.values) {
      set(at, at == 16 ? 1 - value : value ^ 1u << 20);
      EXPECT_NE(contradiction(layout, runtime), nullptr) << published.build.name() << " at " << at;
      set(at, value);
    }
    EXPECT_STREQ(contradiction(*layout_of(layout.minor == 13 ? 14 : 13), runtime),
                 "the debug offsets are another version's");
    set(16, layout.free_threaded ? 0 : 1);
    EXPECT_STREQ(contradiction(layout, runtime), "the debug offsets are another build's");
  }
  EXPECT_FALSE(is_free_threaded(nullptr));
}

// What the versions with tasks publish: values in _Py_DebugOffsets, and the words of _AsyncioDebug, of
// _asyncio.cpython-314-x86_64-linux-gnu.so (3.14.10) and of python3.15 (3.15.2).
struct PublishedTasks {
  PythonBuild build;
  std::vector<std::pair<uint16_t, uint64_t>> values;
  uint64_t words[kTaskOffsetWords];
};
const PublishedTasks kPublishedTasks[] = {
    {14,
     {{296, 64}, {504, 24}, {512, 40}, {520, 32}, {680, 72}, {688, 67}},
     {168, 136, 96, 108, 109, 128, 152, 225864, 10880, 936, 864, 872, 880}},
    {15,
     {{360, 64}, {600, 24}, {608, 40}, {616, 32}, {808, 72}, {816, 67}},
     {168, 136, 96, 108, 109, 128, 152, 226240, 10856, 1104, 1024, 1032, 1048}},
};

TEST(PublishedTaskOffsets, AreCheckedForEveryVersionThatHasThem) {
  std::set<std::string> versions, checked;
  for (const PythonBuild& build : builds_where(has_tasks)) versions.insert(build.name());
  for (const PublishedTasks& published : kPublishedTasks) checked.insert(published.build.name());
  EXPECT_EQ(checked, versions);
}

TEST(PublishedTaskOffsets, ContradictALayoutWhenOneDiffers) {
  for (const PublishedTasks& published : kPublishedTasks) {
    const TaskLayout& layout = layout_of(published.build.minor)->tasks;
    uint8_t runtime[1024] = {};
    for (const auto& [at, value] : published.values) FakePython::store<uint64_t>(runtime, at, value);
    EXPECT_EQ(contradiction(layout, runtime), nullptr);
    for (const auto& [at, value] : published.values) {
      FakePython::store<uint64_t>(runtime, at, value + 8);
      EXPECT_NE(contradiction(layout, runtime), nullptr) << published.build.name() << " at " << at;
      FakePython::store<uint64_t>(runtime, at, value);
    }
  }
}

// Words of _AsyncioDebug that a TaskLayout has. Two versions may publish the same.
constexpr uint32_t kKnownWords[] = {0, 2, 3, 4, 5, 11};

TEST(PublishedTaskOffsets, OfTheModuleAreAcceptedIfAllKnownWordsAreTheSame) {
  for (const PublishedTasks& published : kPublishedTasks) {
    const TaskLayout& layout = layout_of(published.build.minor)->tasks;
    for (const PublishedTasks& other : kPublishedTasks) {
      const bool same = std::all_of(std::begin(kKnownWords), std::end(kKnownWords),
                                    [&](uint32_t word) { return other.words[word] == published.words[word]; });
      EXPECT_EQ(module_publishes(layout, other.words), same) << published.build.name() << ", " << other.build.name();
    }
    for (const uint32_t word : kKnownWords) {
      PublishedTasks changed = published;
      changed.words[word] += 8;
      EXPECT_FALSE(module_publishes(layout, changed.words)) << published.build.name() << ", word " << word;
    }
  }
}

}  // namespace
}  // namespace cistern::preload
