// CPython's line tables: from a byte offset in a code object's instructions to a line of its file. Three encodings, as
// read from Objects/lnotab_notes.txt of 3.9, 3.10 and Objects/locations.md of 3.11 – 3.13:
//   kLnotab     pairs (u8 bytes, s8 lines): after so many bytes the line grows by so much. 0A 01 = ten bytes on, one
//               line on.
//   kLineTable  pairs (u8 bytes, s8 lines): the next so many bytes are so many lines on; -128: they have no line.
//   kLocations  entries, first byte 0x80 | code << 3 | (units - 1), units of two bytes:
//                 7   6..3    2..0
//               +---+------+---------+   code 0–9: same line, 1 more byte; 10–12: line + code - 10, 2 more bytes;
//               | 1 | code | units-1 |   13: s(line); 14: s(line) and 3 varints; 15: no line
//               +---+------+---------+   varints: 6 bits a byte, least first, 0x40 goes on; s(): sign in bit 0
//               D1 07 13 = code 10, two units: four bytes on the same line, columns 7 to 19.
// Tables come from a profile and may be anything: reading stops where one makes no sense.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

constexpr uint32_t kNoLine = 0;

// Instructions in [begin, end) belong to `line`; kNoLine when they belong to none.
struct LineRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t line = kNoLine;
  bool operator==(const LineRange&) const = default;
};

// The ranges of a table in order, none empty. The last range of a kLnotab table has no end of its own: UINT32_MAX.
std::vector<LineRange> decode_line_table(LineTableKind kind, std::string_view table, int64_t first_line);

// The line of the instruction at `offset`; `first_line` for negative offsets (a frame that has not begun to run).
uint32_t line_at(const std::vector<LineRange>& ranges, int64_t offset, int64_t first_line) noexcept;

}  // namespace cistern::analyzer
