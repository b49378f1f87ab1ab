#include "analyzer/render/layout/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace cistern::analyzer {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

bool is_continuation(char byte) noexcept {
  return (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
}

struct Character {
  char32_t code = 0;
  size_t bytes = 0;  // 0: not well-formed
};

// The first character of `text`. Well-formed UTF-8 is the shortest form of a character that is no surrogate.
Character first_character(std::string_view text) noexcept {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xC2 && lead < 0xE0   ? 2
                       : lead >= 0xE0 && lead < 0xF0 ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : 0;
  if (bytes == 0 || bytes > text.size()) return {};
  char32_t code = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if (!is_continuation(text[i])) return {};
    code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3Fu);
  }
  const bool longer_than_needed = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return longer_than_needed || surrogate || code > 0x10FFFF ? Character{} : Character{code, bytes};
}

// Whether a terminal or a viewer obeys the character instead of showing it: controls (C0, C1), line separators and
// characters that change the direction of text.
bool is_command(char32_t code) noexcept {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;
  if (code == 0x061C || code == 0x200E || code == 0x200F) return true;
  return (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

// The byte offset of the `index`th character.
size_t offset_of(std::string_view text, size_t index) noexcept {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (index-- == 0) break;
  }
  return at;
}

}  // namespace

size_t width_of(std::string_view text) noexcept {
  size_t width = 0;
  for (const char byte : text) width += is_continuation(byte) ? 0 : 1;
  return width;
}

std::string fit(std::string_view text, size_t width) {
  const size_t size = width_of(text);
  if (size <= width) return std::string(text);
  if (width == 0) return {};
  const size_t head = (width - 1) / 2;
  const size_t tail = width - 1 - head;
  std::string out(text.substr(0, offset_of(text, head)));
  out += "…";
  out += text.substr(offset_of(text, size - tail));
  return out;
}

std::string pad_right(std::string_view text, size_t width) {
  std::string out(text);
  for (size_t at = width_of(text); at < width; ++at) out += ' ';
  return out;
}

std::string pad_left(std::string_view text, size_t width) {
  const size_t size = width_of(text);
  return std::string(size < width ? width - size : 0, ' ') + std::string(text);
}

std::string escaped_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const Character character = first_character(json);
    const size_t bytes = std::max<size_t>(character.bytes, 1);
    if (character.bytes != 0 && character.code != '\n' && is_command(character.code)) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(character.code));
    } else {
      out += json.substr(0, bytes);
    }
    json.remove_prefix(bytes);
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.bytes == 0 || is_command(character.code)) {
      out += kReplacement;
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes == 0 ? 1 : character.bytes);
  }
  return out;
}

}  // namespace cistern::analyzer
