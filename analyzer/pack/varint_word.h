// Reads and writes varints in words of eight bytes. Where lengths follow no pattern there is no branch on them, because
// a mispredicted branch costs more than the whole varint. Where lengths are nearly always the same there is one.
#pragma once

#include <cstdint>
#include <cstring>

#include "cistern/format/cursor.h"

namespace cistern::analyzer {

constexpr uint64_t kContinued = 0x8080808080808080u;
constexpr uint64_t kShortValue = (1 << 14) - 1;  // the greatest value of two bytes

inline uint64_t load_word(const uint8_t* at) noexcept {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The highest bits of the bytes that end a varint.
inline uint64_t varint_ends(uint64_t word) noexcept {
  return ~word & kContinued;
}
// The bits up to and including the lowest set bit. Requires: bits != 0.
inline uint64_t up_to_lowest(uint64_t bits) noexcept {
  return bits ^ (bits - 1);
}
inline unsigned lowest_byte(uint64_t bits) noexcept {
  return static_cast<unsigned>(__builtin_ctzll(bits)) >> 3;
}

// The value of a varint, given its bytes followed by zeros. Most varints have at most four bytes.
inline uint64_t joined(uint64_t bytes) noexcept {
  if (bytes > UINT32_MAX) [[unlikely]]
    return varint_detail::gathered(bytes);
  auto pairs = static_cast<uint32_t>(bytes);
  pairs = (pairs & 0x007f007fu) | (pairs & 0x7f007f00u) >> 1;
  return (pairs & 0x3fffu) | (pairs & 0x3fff0000u) >> 2;
}
// The same for one or two bytes.
inline uint64_t joined_short(uint64_t bytes) noexcept {
  return (bytes & 0x7f) | (bytes & 0x7f00) >> 1;
}

// put_joined() for values that may be longer than four bytes.
inline uint8_t* put_joined_long(uint8_t* out, uint64_t value) noexcept {
  if (value >= uint64_t{1} << 49) return put_varint(out, value);
  uint64_t bytes = (value & 0x0fffffffu) | (value & 0x0001fffff0000000u) << 4;
  bytes = (bytes & 0x00003fff00003fffu) | (bytes & 0x0fffc0000fffc000u) << 2;
  bytes = (bytes & 0x007f007f007f007fu) | (bytes & 0x3f803f803f803f80u) << 1;
  const unsigned last = (63 - static_cast<unsigned>(__builtin_clzll(bytes | 1))) & ~7u;
  bytes |= kContinued & ((uint64_t{1} << last) - 1);
  std::memcpy(out, &bytes, sizeof bytes);
  return out + (last >> 3) + 1;
}
// Writes a varint and returns its end; may write up to eight bytes.
inline uint8_t* put_joined(uint8_t* out, uint64_t value) noexcept {
  if (value >= 1 << 28) [[unlikely]]
    return put_joined_long(out, value);
  auto bytes = static_cast<uint32_t>(value);
  bytes = (bytes & 0x3fffu) | (bytes & 0x0fffc000u) << 2;
  bytes = (bytes & 0x007f007fu) | (bytes & 0x3f803f80u) << 1;
  const unsigned last = (31 - static_cast<unsigned>(__builtin_clz(bytes | 1))) & ~7u;  // where the last byte begins
  bytes |= static_cast<uint32_t>(kContinued) & ((1u << last) - 1);
  std::memcpy(out, &bytes, sizeof bytes);
  return out + (last >> 3) + 1;
}
// The same for values that are seldom longer than two bytes.
inline uint8_t* put_short(uint8_t* out, uint64_t value) noexcept {
  if (value > kShortValue) [[unlikely]]
    return put_varint(out, value);
  const bool two = value > 0x7f;
  const auto bytes = static_cast<uint16_t>((value & 0x7f) | (value & 0x3f80) << 1 | uint64_t{two} << 7);
  std::memcpy(out, &bytes, sizeof bytes);
  return out + 1 + unsigned{two};
}

}  // namespace cistern::analyzer
