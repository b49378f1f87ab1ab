#include "analyzer/reports/columns.h"

#include <cstdint>

namespace cistern::analyzer {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

bool is_continuation(char byte) noexcept {
  return (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
}

// Bytes of the well-formed character that `text` begins with, 0 when it begins with none.
size_t character_bytes(std::string_view text) noexcept {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size = lead < 0x80                   ? 1
                      : lead >= 0xC2 && lead < 0xE0 ? 2
                      : lead >= 0xE0 && lead < 0xF0 ? 3
                      : lead >= 0xF0 && lead < 0xF5 ? 4
                                                    : 0;
  if (size == 0 || size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return size;
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

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = character_bytes(text);
    const auto lead = static_cast<uint8_t>(text[0]);
    const bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && size == 2 && static_cast<uint8_t>(text[1]) < 0xA0);
    if (size == 0 || control) {
      out += kReplacement;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace cistern::analyzer
