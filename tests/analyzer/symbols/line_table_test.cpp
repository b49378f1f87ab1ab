#include "analyzer/symbols/line_table.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cistern::analyzer {
namespace {

using Ranges = std::vector<LineRange>;

TEST(LineTable, DecodesLnotabOfCPython39) {
  const auto ranges = decode_line_table(LineTableKind::kLnotab, std::string_view("\x00\x01\x06\x02\x04\xff", 6), 10);
  EXPECT_EQ(ranges, (Ranges{{0, 6, 11}, {6, 10, 13}, {10, UINT32_MAX, 12}}));
  EXPECT_EQ(line_at(ranges, 5, 10), 11u);
  EXPECT_EQ(line_at(ranges, 6, 10), 13u);
  EXPECT_EQ(line_at(ranges, 100000, 10), 12u);
}

TEST(LineTable, DecodesLineTableOfCPython310IncludingBytesWithoutLine) {
  const auto ranges = decode_line_table(LineTableKind::kLineTable, std::string_view("\x04\x01\x02\x80\x04\xfe", 6), 10);
  EXPECT_EQ(ranges, (Ranges{{0, 4, 11}, {4, 6, kNoLine}, {6, 10, 9}}));
  EXPECT_EQ(line_at(ranges, 5, 10), kNoLine);
  EXPECT_EQ(line_at(ranges, 10, 10), kNoLine);
}

TEST(LineTable, DecodesLocationsOfCPython311) {
  // one line on, 2 units; same line, 1 unit; long form: +70 lines; no columns: -3 lines; none
  const std::string table("\xD9\x07\x13\x80\x11\xF0\x4C\x02\x01\x02\x03\xE8\x07\xF8", 14);
  const auto ranges = decode_line_table(LineTableKind::kLocations, table, 100);
  EXPECT_EQ(ranges, (Ranges{{0, 4, 101}, {4, 6, 101}, {6, 8, 171}, {8, 10, 168}, {10, 12, kNoLine}}));
}

TEST(LineTable, NegativeOffsetHasTheFirstLine) {
  EXPECT_EQ(line_at({}, -1, 42), 42u);
  EXPECT_EQ(line_at({}, -2, -5), kNoLine);
  EXPECT_EQ(line_at({}, 0, 42), kNoLine);
}

TEST(LineTable, RandomBytesDoNotCrash) {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string table(random() % 60, '\0');
    for (char& byte : table) byte = static_cast<char>(random());
    const auto kind = static_cast<LineTableKind>(random() % 5);
    const auto first_line = static_cast<int64_t>(random()) << (random() % 32);
    uint32_t end = 0;
    for (const LineRange& range : decode_line_table(kind, table, first_line)) {
      EXPECT_EQ(range.begin, end);
      EXPECT_LT(range.begin, range.end);
      end = range.end;
    }
  }
}

}  // namespace
}  // namespace cistern::analyzer
