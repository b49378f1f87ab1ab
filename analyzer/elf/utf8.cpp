#include "analyzer/elf/utf8.h"

namespace cistern::analyzer {

std::optional<std::string> utf8_of(uint32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) return std::nullopt;
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  if (code_point < 0x800) return std::string{static_cast<char>(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return std::string{static_cast<char>(0xE0 | code_point >> 12), tail(6), tail(0)};
  return std::string{static_cast<char>(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace cistern::analyzer
