// Text in columns. Widths are counted in characters, not bytes. A text that is too long loses its middle.
#pragma once

#include <string>
#include <string_view>

namespace cistern::analyzer {

// Characters of a UTF-8 text: every byte that is not a continuation byte counts as one.
size_t width_of(std::string_view text) noexcept;
// `text`, its middle replaced by "…" if it is longer than `width` characters.
std::string fit(std::string_view text, size_t width);
// `text` with spaces after it, or before it, up to `width`; a longer text is not changed.
std::string pad_right(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);
// `text` with control characters and invalid UTF-8 replaced, so that a profile cannot control the terminal.
std::string printable(std::string_view text);
// JSON text in which control characters that JSON permits (DEL, C1, bidirectional and line controls) are escaped.
std::string escaped_json(std::string_view json);

}  // namespace cistern::analyzer
