#include "analyzer/symbols/line_table.h"

#include <algorithm>

#include "cistern/format/cursor.h"

namespace cistern::analyzer {
namespace {

constexpr uint32_t kUnitBytes = 2;
constexpr int8_t kNoLineDelta = -128;

uint32_t as_line(int64_t line) noexcept {
  return line > 0 && line <= INT32_MAX ? static_cast<uint32_t>(line) : kNoLine;
}

// Addition without overflow, for any table.
int64_t plus(int64_t a, int64_t b) noexcept {
  constexpr int64_t limit = int64_t{1} << 40;
  return std::clamp(a + std::clamp(b, -limit, limit), -limit, limit);
}

class Ranges {
 public:
  // Assigns the next `bytes` bytes to `line`. Returns false when the offset exceeds 32 bits.
  bool append(uint64_t bytes, uint32_t line) {
    if (bytes > UINT32_MAX - at_) return false;
    const uint32_t end = at_ + static_cast<uint32_t>(bytes);
    if (bytes != 0) ranges_.push_back({at_, end, line});
    at_ = end;
    return true;
  }
  void append_rest(uint32_t line) { append(UINT32_MAX - at_, line); }
  std::vector<LineRange> take() { return std::move(ranges_); }

 private:
  std::vector<LineRange> ranges_;
  uint32_t at_ = 0;
};

std::vector<LineRange> decode_lnotab(Cursor in, int64_t line) {
  Ranges ranges;
  while (in.remaining() >= 2) {
    const uint8_t bytes = in.byte();
    if (!ranges.append(bytes, as_line(line))) break;
    line = plus(line, static_cast<int8_t>(in.byte()));
  }
  ranges.append_rest(as_line(line));
  return ranges.take();
}

std::vector<LineRange> decode_linetable(Cursor in, int64_t line) {
  Ranges ranges;
  while (in.remaining() >= 2) {
    const uint8_t bytes = in.byte();
    const auto delta = static_cast<int8_t>(in.byte());
    if (delta != kNoLineDelta) line = plus(line, delta);
    if (!ranges.append(bytes, delta == kNoLineDelta ? kNoLine : as_line(line))) break;
  }
  return ranges.take();
}

class Locations {
 public:
  Locations(Cursor in, int64_t line) : in_(in), line_(line) {}

  std::vector<LineRange> decode() {
    while (in_.ok() && !in_.at_end()) {
      const uint8_t first = in_.byte();
      if ((first & 0x80) == 0) break;
      const unsigned code = (first >> 3) & 15;
      const uint64_t bytes = ((first & 7u) + 1) * kUnitBytes;
      skip_entry(code);
      if (!in_.ok() || !ranges_.append(bytes, code == 15 ? kNoLine : as_line(line_))) break;
    }
    return ranges_.take();
  }

 private:
  void skip_entry(unsigned code) {
    if (code <= 9) {
      in_.bytes(1);
    } else if (code <= 12) {
      line_ = plus(line_, code - 10);
      in_.bytes(2);
    } else if (code <= 14) {
      line_ = plus(line_, signed_varint());
      for (unsigned i = 0; code == 14 && i < 3; ++i) varint();
    }
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 60; shift += 6) {
      const uint8_t byte = in_.byte();
      value |= static_cast<uint64_t>(byte & 0x3f) << shift;
      if ((byte & 0x40) == 0) break;
    }
    return value;
  }
  int64_t signed_varint() {
    const uint64_t value = varint();
    const auto magnitude = static_cast<int64_t>(value >> 1);
    return (value & 1) != 0 ? -magnitude : magnitude;
  }

  Cursor in_;
  int64_t line_;
  Ranges ranges_;
};

}  // namespace

std::vector<LineRange> decode_line_table(LineTableKind kind, std::string_view table, int64_t first_line) {
  first_line = plus(0, first_line);
  switch (kind) {
    case LineTableKind::kLnotab:
      return decode_lnotab(Cursor(table), first_line);
    case LineTableKind::kLineTable:
      return decode_linetable(Cursor(table), first_line);
    case LineTableKind::kLocations:
      return Locations(Cursor(table), first_line).decode();
    case LineTableKind::kNone:
      break;
  }
  return {};
}

uint32_t line_at(const std::vector<LineRange>& ranges, int64_t offset, int64_t first_line) noexcept {
  if (offset < 0) return as_line(first_line);
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), offset,
                                      [](int64_t at, const LineRange& range) { return at < int64_t{range.begin}; });
  if (after == ranges.begin()) return kNoLine;
  const LineRange& range = *(after - 1);
  return offset < int64_t{range.end} ? range.line : kNoLine;
}

}  // namespace cistern::analyzer
