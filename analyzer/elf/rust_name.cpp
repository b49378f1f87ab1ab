#include "analyzer/elf/rust_name.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "analyzer/elf/rust_v0_name.h"
#include "analyzer/elf/utf8.h"

namespace cistern::analyzer {
namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The last part of a legacy name is a hash. It distinguishes the name from a C++ name.
bool is_hash(std::string_view part) {
  return part.size() == 17 && part[0] == 'h' && is_hex(part.substr(1));
}

// Decodes an escape: the text between two dollar signs. Returns nothing when it is not an escape.
std::optional<std::string> escaped(std::string_view name) {
  constexpr std::pair<std::string_view, char> kNames[] = {{"SP", '@'}, {"BP", '*'}, {"RF", '&'}, {"LT", '<'},
                                                          {"GT", '>'}, {"LP", '('}, {"RP", ')'}, {"C", ','}};
  for (const auto& [known, character] : kNames) {
    if (name == known) return std::string(1, character);
  }
  if (name.size() < 2 || name[0] != 'u' || !is_hex(name.substr(1))) return std::nullopt;
  uint32_t code_point = 0;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + 1, end, code_point, 16);
  return error == std::errc() && at == end ? utf8_of(code_point) : std::nullopt;
}

std::string readable_part(std::string_view part) {
  if (part.starts_with("_$")) part.remove_prefix(1);
  std::string out;
  while (!part.empty()) {
    const size_t end = part[0] == '$' ? part.find('$', 1) : std::string_view::npos;
    const auto character = end == std::string_view::npos ? std::nullopt : escaped(part.substr(1, end - 1));
    if (character) {
      out += *character;
      part.remove_prefix(end + 1);
    } else if (part.starts_with("..")) {
      out += "::";
      part.remove_prefix(2);
    } else {
      out += part[0];
      part.remove_prefix(1);
    }
  }
  return out;
}

// The texts of "_ZN" (length, text)* "E". A suffix such as ".llvm.123" may follow.
std::optional<std::string> legacy_name(std::string_view rest) {
  std::string out;
  std::string_view last;
  while (!rest.empty() && rest[0] != 'E') {
    size_t length = 0;
    const auto [at, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    if (error != std::errc()) return std::nullopt;
    rest.remove_prefix(static_cast<size_t>(at - rest.data()));
    if (length == 0 || length > rest.size()) return std::nullopt;
    if (!last.empty()) out += (out.empty() ? "" : "::") + readable_part(last);
    last = rest.substr(0, length);
    rest.remove_prefix(length);
  }
  const bool ends = !rest.empty() && (rest.size() == 1 || rest[1] == '.');
  return ends && is_hash(last) && !out.empty() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::optional<std::string> rust_name(std::string_view linked) {
  if (linked.starts_with("_ZN")) return legacy_name(linked.substr(3));
  if (linked.starts_with("_R")) return rust_v0_name(linked.substr(2));
  return std::nullopt;
}

}  // namespace cistern::analyzer
