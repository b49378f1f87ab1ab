// Text in columns: widths are counted in characters, not in bytes, and too long a text is cut in its middle.
#pragma once

#include <string>
#include <string_view>

namespace cistern::analyzer {

// Characters of a UTF-8 text; every byte that is no continuation counts as one.
size_t width_of(std::string_view text) noexcept;
// `text`, with "…" in place of its middle if it is longer than `width` characters.
std::string fit(std::string_view text, size_t width);
// `text` with spaces behind, or before it, up to `width`; longer texts stay as they are.
std::string pad_right(std::string_view text, size_t width);
std::string pad_left(std::string_view text, size_t width);
// `text` with control characters and broken UTF-8 replaced, so that a profile cannot write to the terminal.
std::string printable(std::string_view text);
// JSON text in which those that JSON leaves as they are (DEL, C1, bidirectional and line controls) are escaped.
std::string escaped_json(std::string_view json);

}  // namespace cistern::analyzer
