#include "tests/fuzz/captured_output.h"

#include <cstdint>

namespace cistern::fuzz {
namespace {

constexpr char32_t kMalformed = 0xFFFFFFFF;

// Decodes the first character of `text` and removes it.
char32_t next_character(std::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
  if (more < 0 || text.size() <= static_cast<size_t>(more)) return kMalformed;
  char32_t character = more == 0 ? lead : lead & (0x3Fu >> more);
  for (int i = 1; i <= more; ++i) {
    const auto byte = static_cast<uint8_t>(text[static_cast<size_t>(i)]);
    if (byte >> 6 != 2) return kMalformed;
    character = character << 6 | (byte & 0x3Fu);
  }
  text.remove_prefix(static_cast<size_t>(more) + 1);
  constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  return character < kLeast[more] || character > 0x10FFFF || surrogate ? kMalformed : character;
}

bool is_harmless(char32_t c) {
  if (c == '\n') return true;
  if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == kMalformed) return false;
  const bool bidi =
      c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  const bool breaks_lines = c == 0x2028 || c == 0x2029;
  return !bidi && !breaks_lines;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    if (!is_harmless(next_character(text))) return false;
  }
  return true;
}

}  // namespace cistern::fuzz
