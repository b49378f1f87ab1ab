// Decodes CPython's line tables, which map a byte offset in the instructions of a code object to a source line. There
// are three encodings (Objects/lnotab_notes.txt of 3.9 and 3.10, Objects/locations.md of 3.11 to 3.13):
//   kLnotab     pairs (u8 bytes, s8 lines): `bytes` bytes later, the line changes by `lines`. Example: 0A 01 = ten
//   bytes
//               later, the next line.
//   kLineTable  pairs (u8 bytes, s8 lines): the line changes by `lines`, then holds for `bytes` bytes. -128: no line.
//   kLocations  entries, first byte 0x80 | code << 3 | (units - 1), units of two bytes:
//                 7   6..3    2..0
//               +---+------+---------+   code 0–9: same line, 1 more byte; 10–12: line + code - 10, 2 more bytes;
//               | 1 | code | units-1 |   13: s(line); 14: s(line) and 3 varints; 15: no line
//               +---+------+---------+   varints: 6 bits a byte, least first, 0x40: continued; s(): sign in bit 0
//               D1 07 13 = code 10, two units: four bytes on the same line, columns 7 to 19.
// Tables come from a profile and are not trusted: decoding stops at the first invalid entry. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

constexpr uint32_t kNoLine = 0;

// Instructions in [begin, end) belong to `line`, which is kNoLine when they have no line.
struct LineRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t line = kNoLine;
  bool operator==(const LineRange&) const = default;
};

// Returns the ranges of a table in order; none is empty. A kLnotab table does not encode the end of its last range: it
// ends at UINT32_MAX.
std::vector<LineRange> decode_line_table(LineTableKind kind, std::string_view table, int64_t first_line);

// Returns the line of the instruction at `offset`. A negative offset is a frame that has not started: `first_line`.
uint32_t line_at(const std::vector<LineRange>& ranges, int64_t offset, int64_t first_line) noexcept;

}  // namespace cistern::analyzer
