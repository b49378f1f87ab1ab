#include "cistern/format/cursor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cistern {
namespace {

using Bytes = std::vector<uint8_t>;

Cursor over(const Bytes& bytes) {
  return {bytes.data(), bytes.data() + bytes.size()};
}

TEST(Cursor, ReadsBytesVarintsAndStringsInOrder) {
  const Bytes bytes{0x2a, 0xac, 0x02, 0x05, 0x03, 'a', 'b', 'c', 'd'};
  Cursor in = over(bytes);
  EXPECT_EQ(in.byte(), 0x2a);
  EXPECT_EQ(in.varint(), 300u);
  EXPECT_EQ(in.signed_varint(), -3);
  EXPECT_EQ(in.sized_bytes(), "abc");
  EXPECT_EQ(in.offset(), 8u);
  EXPECT_EQ(in.remaining(), 1u);
  EXPECT_EQ(in.bytes(1), "d");
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
}

TEST(Cursor, StaysFailedAndYieldsZeroAfterReadingPastTheEnd) {
  const Bytes bytes{0x01, 0x02};
  Cursor in = over(bytes);
  in.byte();
  EXPECT_EQ(in.bytes(2), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.byte(), 0);
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_EQ(in.sized_bytes(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Cursor, KeepsThePositionAtWhichTheFailingReadBegan) {
  const Bytes bytes{0x01, 0x80, 0x80};
  Cursor in = over(bytes);
  in.byte();
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.offset(), 1u);
}

TEST(Cursor, RefusesAVarintOfMoreThanSixtyFourBits) {
  Bytes largest(9, 0xff);
  largest.push_back(0x01);
  Cursor in = over(largest);
  EXPECT_EQ(in.varint(), UINT64_MAX);
  EXPECT_TRUE(in.ok());

  for (const uint8_t last : Bytes{0x02, 0x7f, 0x81, 0xff}) {
    Bytes overlong(9, 0xff);
    overlong.push_back(last);
    overlong.push_back(0x00);
    Cursor bad = over(overlong);
    EXPECT_EQ(bad.varint(), 0u);
    EXPECT_FALSE(bad.ok()) << "tenth byte " << int{last};
  }
}

TEST(Cursor, RefusesAnIdOfMoreThanThirtyTwoBits) {
  const Bytes largest{0xff, 0xff, 0xff, 0xff, 0x0f};
  Cursor in = over(largest);
  EXPECT_EQ(in.varint32(), UINT32_MAX);
  EXPECT_TRUE(in.ok());

  const Bytes larger{0x80, 0x80, 0x80, 0x80, 0x10};
  Cursor bad = over(larger);
  EXPECT_EQ(bad.varint32(), 0u);
  EXPECT_FALSE(bad.ok());
}

TEST(Cursor, RefusesAStringThatIsLongerThanItsInput) {
  for (uint64_t claimed : {uint64_t{4}, uint64_t{1} << 40, UINT64_MAX}) {
    Bytes bytes(kMaxVarintBytes);
    bytes.resize(static_cast<size_t>(put_varint(bytes.data(), claimed) - bytes.data()));
    bytes.insert(bytes.end(), {'a', 'b', 'c'});
    Cursor in = over(bytes);
    EXPECT_EQ(in.sized_bytes(), "");
    EXPECT_FALSE(in.ok());
  }
}

TEST(Cursor, AnEmptyInputIsAtItsEndAndWhole) {
  Cursor in(std::string_view{});
  EXPECT_TRUE(in.at_end());
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.byte(), 0);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace cistern
