// Reads DWARF's numbers and pointers from the memory of a loaded module. Bounded; does not allocate.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern::preload {

// Pointer encodings, DW_EH_PE_* (Linux Standard Base Core, "DWARF Exception Header Encoding").
constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kFormat = 0x0f;
constexpr uint8_t kApplication = 0x70;
constexpr uint8_t kIndirect = 0x80;
constexpr uint8_t kPcRelative = 0x10;
constexpr uint8_t kDataRelative = 0x30;

// Reads forwards. A read beyond `end` returns 0, as do all later reads, and ok() becomes false.
class DwarfBytes {
 public:
  DwarfBytes(const uint8_t* at, const uint8_t* end) noexcept : at_(at), end_(end) {}

  bool ok() const noexcept { return ok_; }
  bool more() const noexcept { return ok_ && at_ < end_; }
  const uint8_t* at() const noexcept { return at_; }
  size_t left() const noexcept { return static_cast<size_t>(end_ - at_); }

  template <typename T>
  T get() noexcept {
    T value{};
    if (left() < sizeof value) {
      fail();
      return value;
    }
    __builtin_memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void skip(uint64_t bytes) noexcept {
    if (bytes > left()) return fail();
    at_ += bytes;
  }
  uint64_t uleb() noexcept {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = get<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }
  int64_t sleb() noexcept {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64;) {
      const auto byte = get<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if (shift < 64 && (byte & 0x40) != 0) value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
    fail();
    return 0;
  }
  // Reads a pointer in one of the encodings that occur in loaded modules. `data`: the base of data-relative pointers.
  uintptr_t pointer(uint8_t encoding, uintptr_t data) noexcept {
    if (encoding == kOmitted) return 0;
    const auto place = reinterpret_cast<uintptr_t>(at_);
    uintptr_t value = 0;
    switch (encoding & kFormat) {
      case 0x00:
      case 0x04:
      case 0x0c:
        value = get<uint64_t>();
        break;
      case 0x01:
        value = uleb();
        break;
      case 0x02:
        value = get<uint16_t>();
        break;
      case 0x03:
        value = get<uint32_t>();
        break;
      case 0x09:
        value = static_cast<uintptr_t>(sleb());
        break;
      case 0x0a:
        value = static_cast<uintptr_t>(intptr_t{get<int16_t>()});
        break;
      case 0x0b:
        value = static_cast<uintptr_t>(intptr_t{get<int32_t>()});
        break;
      default:
        fail();
    }
    const uint8_t application = encoding & kApplication;
    if (application == kPcRelative) {
      value += place;
    } else if (application == kDataRelative) {
      value += data;
    } else if (application != 0) {
      fail();
    }
    // Only personality routines are indirect, and they are not needed here.
    if ((encoding & kIndirect) != 0) value = 0;
    return value;
  }

 private:
  void fail() noexcept {
    ok_ = false;
    at_ = end_;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace cistern::preload
