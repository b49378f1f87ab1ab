// Variable-length integers: seven bits a byte, least significant first, 0x80 set on all bytes but the last (LEB128).
// Signed values are zigzagged first: 0, -1, 1, -2 become 0, 1, 2, 3. Example: 300 is AC 02; -3 is 05.
// Writers are noexcept, do not allocate, and need kMaxVarintBytes bytes at `out`. They return the end of what they
// wrote.
#pragma once

#include <cstdint>

namespace cistern {

constexpr int kMaxVarintBytes = 10;

inline uint8_t* put_varint(uint8_t* out, uint64_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<uint8_t>(value);
  return out;
}

constexpr uint64_t zigzag(int64_t value) noexcept {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) noexcept {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

inline uint8_t* put_signed(uint8_t* out, int64_t value) noexcept {
  return put_varint(out, zigzag(value));
}

}  // namespace cistern
