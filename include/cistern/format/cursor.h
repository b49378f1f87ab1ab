// A bounds-checked reader of untrusted bytes. A read past the end, or a malformed varint, returns zero and makes ok()
// false from then on; the position stays where the failing read began. Never allocates, never throws.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "cistern/format/varint.h"

namespace cistern {

namespace varint_detail {

// Joins the seven lower bits of each byte: first pairs of bytes, then pairs of these, then the two halves.
inline uint64_t gathered(uint64_t word) noexcept {
  static_assert(std::endian::native == std::endian::little);
  word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
  word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
  return (word & 0x0fffffffu) | (word & 0x0fffffff00000000u) >> 4;
}

}  // namespace varint_detail

// Reads varints that lie within one 8-byte word, one after another. ok() says at the end whether all of them did; if
// not, the values mean nothing. Cost: no load and no branch per varint. The position of the next varint is known before
// the value of this one.
class PackedFields {
 public:
  // Requires: eight bytes can be read at `bytes`.
  explicit PackedFields(const uint8_t* bytes) noexcept {
    std::memcpy(&word_, bytes, sizeof word_);
    ends_ = ~word_ & kTops;
  }

  uint64_t take() noexcept { return varint_detail::gathered(next()); }
  // Of a varint that is seldom longer than two bytes. If it is longer, ok() is false.
  uint64_t take_short() noexcept {
    const uint64_t field = next();
    too_long_ |= field >> 16;
    return (field & 0x7f) | (field & 0x7f00) >> 1;
  }

  bool ok() const noexcept { return (too_long_ == 0) & (last_ != 0); }
  // How many bytes were read. Requires: ok(), and at least one varint was read.
  unsigned bytes() const noexcept { return (static_cast<unsigned>(std::countr_zero(last_)) >> 3) + 1; }

 private:
  static constexpr uint64_t kTops = 0x8080808080808080u;

  // The bytes of the next varint.
  uint64_t next() noexcept {
    const uint64_t until = ends_ ^ (ends_ - 1);  // up to its last byte, from the word's first
    const uint64_t field = (word_ & until) >> (begin_ & 63);
    last_ = ends_;
    begin_ = static_cast<unsigned>(std::countr_zero(ends_ | 1ull << 63)) + 1;
    ends_ &= ends_ - 1;
    return field;
  }

  uint64_t word_;
  uint64_t ends_;      // the top bit of the last byte of each varint that was not read yet
  uint64_t last_ = 1;  // ends_ before the last varint was read: its lowest bit is the end of that varint
  uint64_t too_long_ = 0;
  unsigned begin_ = 0;  // of the next varint, in bits
};

class Cursor {
 public:
  Cursor(const uint8_t* begin, const uint8_t* end) noexcept : begin_(begin), at_(begin), end_(end) {}
  explicit Cursor(std::string_view bytes) noexcept
      : Cursor(reinterpret_cast<const uint8_t*>(bytes.data()),
               reinterpret_cast<const uint8_t*>(bytes.data()) + bytes.size()) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return at_ == end_; }
  const uint8_t* position() const noexcept { return at_; }
  uint64_t offset() const noexcept { return static_cast<uint64_t>(at_ - begin_); }
  uint64_t remaining() const noexcept { return static_cast<uint64_t>(end_ - at_); }

  uint8_t byte() noexcept {
    if (at_ == end_) return fail();
    return *at_++;
  }

  // Cost: no branch on the length, up to eight bytes. Lengths follow no pattern, and a mispredicted branch costs more
  // than the whole varint.
  uint64_t varint() noexcept {
    if (remaining() < sizeof(uint64_t)) return long_varint();
    uint64_t word;
    std::memcpy(&word, at_, sizeof word);
    const uint64_t ends = ~word & 0x8080808080808080u;
    if (ends == 0) return long_varint();
    at_ += (std::countr_zero(ends) >> 3) + 1;
    return varint_detail::gathered(word & (ends ^ (ends - 1)));
  }
  int64_t signed_varint() noexcept { return unzigzag(varint()); }
  uint32_t varint32() noexcept {
    const uint64_t value = varint();
    return value <= UINT32_MAX ? static_cast<uint32_t>(value) : fail();
  }

  // Requires: size <= remaining().
  void skip(uint64_t size) noexcept { at_ += size; }

  // The next `size` bytes, as a view into the input. Empty if there are fewer.
  std::string_view bytes(uint64_t size) noexcept {
    if (size > remaining()) {
      fail();
      return {};
    }
    std::string_view view(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return view;
  }
  // A varint length and that many bytes.
  std::string_view sized_bytes() noexcept { return bytes(varint()); }

 private:
  uint8_t fail() noexcept {
    ok_ = false;
    end_ = at_;
    return 0;
  }
  uint64_t long_varint() noexcept {
    const uint8_t* p = at_;
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && p != end_; shift += 7) {
      const uint8_t b = *p++;
      if (shift == 63 && b > 1) break;  // more than 64 bits
      value |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) {
        at_ = p;
        return value;
      }
    }
    return fail();
  }

  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace cistern
