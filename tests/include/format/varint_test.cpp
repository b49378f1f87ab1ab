#include "cistern/format/varint.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

#include "cistern/format/cursor.h"

namespace cistern {
namespace {

std::vector<uint8_t> encoded(uint64_t value) {
  std::vector<uint8_t> bytes(kMaxVarintBytes);
  bytes.resize(static_cast<size_t>(put_varint(bytes.data(), value) - bytes.data()));
  return bytes;
}

uint64_t decoded(const std::vector<uint8_t>& bytes) {
  Cursor in(bytes.data(), bytes.data() + bytes.size());
  const uint64_t value = in.varint();
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
  return value;
}

// Every length boundary and its neighbours, and random values of every bit width.
std::vector<uint64_t> telling_values() {
  std::vector<uint64_t> values{0, UINT64_MAX};
  std::mt19937_64 random(20);
  for (int bits = 1; bits < 64; ++bits) {
    const uint64_t power = uint64_t{1} << bits;
    values.insert(values.end(), {power - 1, power, power + 1, random() & (power - 1), random() & (power - 1)});
  }
  return values;
}

TEST(Varint, TakesOneByteForEachSevenBits) {
  EXPECT_EQ(encoded(0), (std::vector<uint8_t>{0x00}));
  EXPECT_EQ(encoded(127), (std::vector<uint8_t>{0x7f}));
  EXPECT_EQ(encoded(128), (std::vector<uint8_t>{0x80, 0x01}));
  EXPECT_EQ(encoded(300), (std::vector<uint8_t>{0xac, 0x02}));
  EXPECT_EQ(encoded(UINT64_MAX).size(), static_cast<size_t>(kMaxVarintBytes));
  for (int bits = 1; bits <= 64; ++bits) {
    const uint64_t largest = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    EXPECT_EQ(encoded(largest).size(), static_cast<size_t>((bits + 6) / 7)) << bits << " bits";
  }
}

TEST(Varint, ReadsBackEveryValueItWrites) {
  for (uint64_t value : telling_values()) EXPECT_EQ(decoded(encoded(value)), value);
}

TEST(Varint, ZigzagGivesSmallNumbersToSmallMagnitudes) {
  EXPECT_EQ(zigzag(0), 0u);
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
  EXPECT_EQ(zigzag(-3), 5u);
  EXPECT_EQ(zigzag(INT64_MAX), UINT64_MAX - 1);
  EXPECT_EQ(zigzag(INT64_MIN), UINT64_MAX);
}

TEST(Varint, ZigzagIsItsOwnInverse) {
  for (uint64_t value : telling_values()) {
    EXPECT_EQ(zigzag(unzigzag(value)), value);
    EXPECT_EQ(unzigzag(zigzag(static_cast<int64_t>(value))), static_cast<int64_t>(value));
  }
}

}  // namespace
}  // namespace cistern
