#include "analyzer/render/layout/heading.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

std::string interpreter_of(const ImageFacts& facts) {
  if (facts.implementation.empty()) return "no Python";
  return printable(facts.implementation + (facts.python.empty() ? "" : " " + facts.python));
}

// In bash's $'…' quotes: every byte that is not printable ASCII is written as its number.
std::string escaped_word(std::string_view path) {
  std::string word = "$'";
  for (const char c : path) {
    const bool plain = c >= ' ' && c < 0x7F && c != '\'' && c != '\\';
    word += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
  }
  return word + "'";
}

}  // namespace

std::string heading(const std::vector<ImageFacts>& images) {
  if (images.empty()) return "nothing was recorded";
  const ImageFacts& first = images.front();
  std::string text = fmt::format("{}, {}, {}", printable(program_name(first.arguments)), interpreter_of(first),
                                 format_ns(static_cast<int64_t>(first.duration_ns)));
  if (images.size() > 1)
    text += fmt::format(", and {} more process{}", images.size() - 1, images.size() == 2 ? "" : "es");
  return text;
}

std::string ending(const ImageFacts& facts) {
  const std::string code = facts.exit_code ? fmt::format(", exit code {}", *facts.exit_code) : "";
  if (facts.ended_by.starts_with("signal")) return "killed by " + facts.ended_by;
  if (facts.ended_by == "exit") return "ended" + code;
  if (facts.ended_by == "_exit") return "ended by _exit" + code;
  if (facts.ended_by == "exec") return "became another program by exec";
  return "killed or still running (no end was recorded)";
}

std::string text_of(const MissingData& missing) {
  using Kind = MissingData::Kind;
  const std::string process = fmt::format("process {}: ", missing.pid);
  switch (missing.kind) {
    case Kind::kLostEvents:
      return plural(missing.number, "event") + " could not be recorded";
    case Kind::kLostSegments:
      return fmt::format("{} of events or definitions {} missing from the file", plural(missing.number, "segment"),
                         missing.number == 1 ? "is" : "are");
    case Kind::kUnreadableBytes:
      return format_bytes(missing.number) + " of the file could not be read";
    case Kind::kPythonStacks:
      return process + "Python stacks are off: " + (missing.text.empty() ? "no reason given" : printable(missing.text));
    case Kind::kProc:
      return process + "/proc was not readable; its arguments, resident memory and thread names are unknown";
    case Kind::kLateInstall:
      return process + "Python code ran before the hooks were installed; its allocations are missing";
    case Kind::kWindow:
      return process + "it ended abnormally and its window file is gone; its last events are missing";
    case Kind::kOverwritten:
      return process + fmt::format(
                           "only the last {} are recorded, from {} on; older events were overwritten, and blocks "
                           "from before are not counted",
                           format_ns(static_cast<int64_t>(missing.number)),
                           format_ns(static_cast<int64_t>(missing.from_ns)));
    case Kind::kStopped:
      return process + "recording was stopped for a while; frees in that time were not recorded";
    case Kind::kLeaksWithoutStacks:
      return process + "Python stacks are off, so leaks cannot be told from the rest";
    case Kind::kKindsOfLeaks:
      return fmt::format("no census was taken, so leaks of kind {} cannot be told from the rest", missing.text);
    case Kind::kFile:
      break;
  }
  return missing.text;
}

std::vector<std::string> texts_of(const std::vector<MissingData>& missing) {
  std::vector<std::string> lines;
  for (const MissingData& one : missing) lines.push_back(text_of(one));
  return lines;
}

std::vector<std::string> notes(const std::vector<ImageFacts>& images) {
  return texts_of(missing_data(images));
}

std::string wrapped(std::string_view text, size_t columns, size_t indent, size_t used) {
  std::string out;
  size_t line_begin = used;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const size_t width = width_of(word);
    if (used != line_begin && used + 1 + width > columns) {
      out += "\n" + std::string(indent, ' ');
      used = line_begin = indent;
    } else if (used != line_begin) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

std::string shell_word(std::string_view path) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-=:,@%";
  if (!path.empty() && path.find_first_not_of(plain) == std::string_view::npos) return std::string(path);
  if (printable(path) != path) return escaped_word(path);
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace cistern::analyzer
