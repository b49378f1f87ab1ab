#include "cistern/format/checksum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace cistern {
namespace {

SegmentHeader some_segment(const std::string& payload) {
  SegmentHeader header = new_segment_header(SegmentKind::kRecords, StreamId{0}, 7, 0);
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  return header;
}

// Flips each bit of `bytes` in turn and calls `check` with the result.
template <typename Check>
void with_each_bit_flipped(void* bytes, size_t size, Check check) {
  auto* const at = static_cast<uint8_t*>(bytes);
  for (size_t i = 0; i < 8 * size; ++i) {
    at[i / 8] ^= static_cast<uint8_t>(1 << i % 8);
    check(i);
    at[i / 8] ^= static_cast<uint8_t>(1 << i % 8);
  }
}

TEST(Checksum, OfASegmentChangesWithEveryBitOfItsPayload) {
  std::string payload = "a payload of forty-one bytes, more or less";
  const SegmentHeader header = some_segment(payload);
  const uint64_t sum = checksum_of(header, payload.data());
  with_each_bit_flipped(payload.data(), payload.size(),
                        [&](size_t bit) { EXPECT_NE(checksum_of(header, payload.data()), sum) << "bit " << bit; });
  EXPECT_EQ(checksum_of(header, payload.data()), sum);
}

TEST(Checksum, OfASegmentChangesWithEveryBitOfItsHeader) {
  const std::string payload(64, 'p');
  SegmentHeader header = some_segment(payload);
  header.payload_bytes = 0;  // the payload's length is read from the header: keep it readable
  const uint64_t sum = checksum_of(header, payload.data());
  with_each_bit_flipped(&header, offsetof(SegmentHeader, payload_bytes),
                        [&](size_t bit) { EXPECT_NE(checksum_of(header, payload.data()), sum) << "bit " << bit; });
}

TEST(Checksum, OfASegmentDoesNotDependOnTheChecksumFieldItself) {
  const std::string payload = "x";
  SegmentHeader header = some_segment(payload);
  const uint64_t sum = checksum_of(header, payload.data());
  header.checksum = sum;
  EXPECT_EQ(checksum_of(header, payload.data()), sum);
}

TEST(Checksum, OfAProfileHeaderChangesWithEveryBitBeforeIt) {
  ProfileHeader header{};
  std::memcpy(header.magic, kProfileMagic, sizeof header.magic);
  const uint64_t sum = checksum_of(header);
  with_each_bit_flipped(&header, offsetof(ProfileHeader, checksum),
                        [&](size_t bit) { EXPECT_NE(checksum_of(header), sum) << "bit " << bit; });
  header.checksum = sum;
  EXPECT_EQ(checksum_of(header), sum);
}

// The published test vector of XXH3-64: no input, no seed.
TEST(Checksum, IsXxh3) {
  EXPECT_EQ(XXH3_64bits("", 0), 0x2d06800538d394c2u);
}

}  // namespace
}  // namespace cistern
