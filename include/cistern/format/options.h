// The recorder's options, as text and as values. `cistern run` makes the text from its command line; the preloaded
// library reads it from CISTERN_OPTIONS. Nothing here allocates: texts are views into the text that was parsed.
//
// Syntax: name=value pairs separated by spaces; a value with spaces is enclosed in single or double quotes, and there
// is no escape. A bare name is name=on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cistern/format/domain.h"

namespace cistern {

// Environment variables. The user sets kOptionsVariable. With the other two, images of one run find each other.
constexpr char kOptionsVariable[] = "CISTERN_OPTIONS";
// Set by `cistern run`: a file to which each image appends one line "PID START NUMBER PROFILE" when it begins to
// record. `cistern exec` sets it to the folder PATH.d: then nothing is appended.
constexpr char kRunVariable[] = "CISTERN_RUN";
// Set by a recorded image for the images below it: "PID:START_TICKS:START_UNIX_NS:NUMBER:GENERATION:PATH", where PATH
// is the absolute path of the first image's profile. Their own profiles lie in PATH.d/.
constexpr char kSessionVariable[] = "CISTERN_SESSION";

enum class Follow : uint8_t { kPython, kAll, kNone };
// What becomes of sealed segments. For the recorder, spill, drain and snapshot are the same: it appends segments to the
// profile. With drain, `cistern run` packs them; with snapshot, it replaces them by a snapshot.
enum class RingMode : uint8_t { kSpill, kDrain, kOverwrite, kSnapshot };

// Which blocks have native frames in their stacks, in addition to Python frames.
enum class Native : uint8_t {
  kAuto,  // kLeaf for malloc, raw and mmap, kNone for mem and obj
  kLeaf,  // frames from the allocation to the innermost Python frame
  kFull,  // all native frames, between the Python frames that called them
  kNone,
};

struct Options {
  std::string_view output;  // template with %p %h %t %%; empty: cistern.<script or module>.<pid>.cistern
  bool force = false;       // overwrite an existing profile
  DomainMask domains = kAllDomains;
  Follow follow = Follow::kPython;
  RingMode ring = RingMode::kSpill;
  uint64_t max_size = 0;  // bytes of one image's profile; 0: see max_size_of()
  Native native = Native::kAuto;
  bool start = true;  // off: preloaded, but waiting for cistern_start()
};

// In overwrite mode the file has eight chunks, and each must hold some segments.
constexpr uint64_t kMinOverwriteBytes = uint64_t{4} << 20;

// Largest size of one image's profile, in bytes. Then recording stops, or overwrites the oldest segments.
constexpr uint64_t max_size_of(const Options& options) noexcept {
  if (options.max_size != 0) return options.max_size;
  return options.ring == RingMode::kOverwrite ? uint64_t{256} << 20 : uint64_t{10} << 30;
}

// An option that was refused: the pair as written, and what was expected instead.
struct OptionError {
  std::string_view pair;
  std::string_view expected;
};

// A number of bytes: digits and an optional unit B, k, K, kB, KB, KiB, M, MB, MiB, G, GB, GiB, T, TB, TiB. Units ending
// in iB and bare letters are powers of 1,024, those ending in B of 1,000.
constexpr std::optional<uint64_t> parse_size(std::string_view text) noexcept {
  uint64_t value = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (value > (UINT64_MAX - 9) / 10) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  if (i == 0) return std::nullopt;
  std::string_view unit = text.substr(i);
  if (unit.empty() || unit == "B") return value;
  constexpr std::string_view letters = "KMGT";
  const char first = unit[0] == 'k' ? 'K' : unit[0];
  const size_t power = letters.find(first);
  if (power == std::string_view::npos) return std::nullopt;
  unit.remove_prefix(1);
  uint64_t base = 0;
  if (unit.empty() || unit == "iB") base = 1024;
  if (unit == "B") base = 1000;
  if (base == 0) return std::nullopt;
  for (size_t k = 0; k <= power; ++k) {
    if (value > UINT64_MAX / base) return std::nullopt;
    value *= base;
  }
  return value;
}

// A comma-separated list of domain names, or "all".
constexpr std::optional<DomainMask> parse_domains(std::string_view text) noexcept {
  if (text == "all") return kAllDomains;
  DomainMask mask = 0;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const auto domain = domain_from(text.substr(0, comma));
    if (!domain) return std::nullopt;
    mask |= bit_of(*domain);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return mask == 0 ? std::nullopt : std::optional<DomainMask>(mask);
}

namespace options_detail {

inline constexpr auto kExpectedDomains = with_domain_names("domains=all or a list of ");

constexpr std::optional<bool> parse_switch(std::string_view text) noexcept {
  if (text == "on" || text == "yes" || text == "1" || text == "true") return true;
  if (text == "off" || text == "no" || text == "0" || text == "false") return false;
  return std::nullopt;
}

// Sets one option. Returns an empty text, or what was expected instead of `value`.
constexpr std::string_view set(Options& options, std::string_view name, std::string_view value) noexcept {
  if (name == "output") {
    options.output = value;
    return value.empty() ? "output=PATH" : "";
  }
  if (name == "force" || name == "start") {
    const auto flag = parse_switch(value);
    if (!flag) return "on or off";
    (name == "force" ? options.force : options.start) = *flag;
    return "";
  }
  if (name == "domains") {
    const auto mask = parse_domains(value);
    if (mask) options.domains = *mask;
    return mask ? "" : kExpectedDomains.data();
  }
  if (name == "max-size") {
    const auto size = parse_size(value);
    if (size) options.max_size = *size;
    return size && *size != 0 ? "" : "a size such as 512MiB";
  }
  if (name == "follow") {
    if (value == "python") return options.follow = Follow::kPython, "";
    if (value == "all") return options.follow = Follow::kAll, "";
    if (value == "none") return options.follow = Follow::kNone, "";
    return "follow=python, all or none";
  }
  if (name == "ring") {
    if (value == "spill") return options.ring = RingMode::kSpill, "";
    if (value == "drain") return options.ring = RingMode::kDrain, "";
    if (value == "overwrite") return options.ring = RingMode::kOverwrite, "";
    if (value == "snapshot") return options.ring = RingMode::kSnapshot, "";
    return "ring=spill, drain, overwrite or snapshot";
  }
  if (name == "native") {
    if (value == "auto") return options.native = Native::kAuto, "";
    if (value == "leaf") return options.native = Native::kLeaf, "";
    if (value == "full") return options.native = Native::kFull, "";
    if (value == "none") return options.native = Native::kNone, "";
    return "native=auto, leaf, full or none";
  }
  return "one of output, force, start, domains, max-size, follow, ring, native";
}

}  // namespace options_detail

// Parses `text` into `options`. Options that do not occur keep their values. Options before an error are set.
// Returns the first error, or nothing.
constexpr std::optional<OptionError> parse_options(std::string_view text, Options& options) noexcept {
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && text[at] != ' ' && text[at] != '=') ++at;
    const std::string_view name = text.substr(begin, at - begin);
    std::string_view value = "on";
    const bool given = at < text.size() && text[at] == '=';
    if (given) {
      ++at;
      const char quote = at < text.size() && (text[at] == '"' || text[at] == '\'') ? text[at] : '\0';
      if (quote != '\0') ++at;
      const size_t end = text.find(quote != '\0' ? quote : ' ', at);
      if (quote != '\0' && end == std::string_view::npos) return OptionError{text.substr(begin), "a closing quote"};
      value = text.substr(at, end == std::string_view::npos ? end : end - at);
      at = end == std::string_view::npos ? text.size() : end + 1;
    }
    const std::string_view expected =
        given || name != "output" ? options_detail::set(options, name, value) : "output=PATH";
    if (!expected.empty()) {
      return OptionError{text.substr(begin, at > begin && text[at - 1] == ' ' ? at - 1 - begin : at - begin), expected};
    }
  }
  if (options.ring == RingMode::kOverwrite && max_size_of(options) < kMinOverwriteBytes) {
    return OptionError{text, "max-size=4MiB or more with ring=overwrite"};
  }
  return std::nullopt;
}

}  // namespace cistern
