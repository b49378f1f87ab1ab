#include "preload/cpython/unicode.h"

namespace cistern::preload {
namespace {

// PyASCIIObject.state (Include/cpython/unicodeobject.h), from `text_kind` on: kind 3 bits, compact, ascii.
constexpr uint32_t kKind = 7;
constexpr uint32_t kCompact = 1u << 3;
constexpr uint32_t kAscii = 1u << 4;
uint32_t character(const uint8_t* data, unsigned kind, size_t index) noexcept {
  if (kind == 1) return data[index];
  if (kind == 2) return load<uint16_t>(data + 2 * index, 0);
  return load<uint32_t>(data + 4 * index, 0);
}

char* encode(char* out, uint32_t c) noexcept {
  const auto tail = [](uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xc0 | c >> 6);
    *out++ = tail(c);
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xe0 | c >> 12);
    *out++ = tail(c >> 6);
    *out++ = tail(c);
  } else {
    *out++ = static_cast<char>(0xf0 | c >> 18);
    *out++ = tail(c >> 12);
    *out++ = tail(c >> 6);
    *out++ = tail(c);
  }
  return out;
}

}  // namespace

std::string_view read_unicode(const PythonLayout& layout, const uint8_t* object,
                              char (&buffer)[kUnicodeBytes]) noexcept {
  if (object == nullptr) return {};
  const auto state = load<uint32_t>(object, layout.text_state) >> layout.text_kind;
  const auto length = load<uint64_t>(object, layout.text_length);
  if ((state & kCompact) == 0 || length > (uint64_t{1} << 32)) return {};
  if ((state & kAscii) != 0) return {reinterpret_cast<const char*>(object + layout.ascii_data), length};
  const unsigned kind = state & kKind;
  char* out = buffer;
  for (uint64_t i = 0; i < length && out + 4 <= buffer + kUnicodeBytes; ++i) {
    out = encode(out, character(object + layout.wide_data, kind, i));
  }
  return {buffer, static_cast<size_t>(out - buffer)};
}

}  // namespace cistern::preload
