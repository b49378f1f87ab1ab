#include "analyzer/render/layout/heading.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

uint64_t sum_of(const std::vector<ImageFacts>& images, const std::function<uint64_t(const ImageFacts&)>& figure) {
  uint64_t sum = 0;
  for (const ImageFacts& facts : images) sum += figure(facts);
  return sum;
}

std::string interpreter_of(const ImageFacts& facts) {
  if (facts.implementation.empty()) return "no Python";
  return printable(facts.implementation + (facts.python.empty() ? "" : " " + facts.python));
}

void note_image(const ImageFacts& facts, std::vector<std::string>& out) {
  const std::string who = fmt::format("process {}", facts.pid);
  if (!facts.implementation.empty() && !facts.python_stacks) {
    const std::string reason = facts.python_stacks_reason.empty() ? "no reason given" : facts.python_stacks_reason;
    out.push_back(fmt::format("{}: Python stacks are off: {}", who, printable(reason)));
  }
  if (facts.without_proc) {
    out.push_back(who + ": it had no /proc; its arguments, its resident memory and its threads' names are unknown");
  }
  if (facts.late_install) {
    out.push_back(who + ": Python code ran before the hooks were in place; what it allocated is not here");
  }
  if (facts.window_missing) {
    out.push_back(who + ": it did not end in order and its window file is gone; its last events are missing");
  }
  if (facts.epoch_begin_ns) {
    const uint64_t kept_ns = facts.duration_ns > *facts.epoch_begin_ns ? facts.duration_ns - *facts.epoch_begin_ns : 0;
    out.push_back(fmt::format(
        "{}: its last {} are here, from {} on, what is older was overwritten: blocks from before "
        "count as not there",
        who, format_ns(static_cast<int64_t>(kept_ns)), format_ns(static_cast<int64_t>(*facts.epoch_begin_ns))));
  }
  if (facts.stopped) out.push_back(who + ": recording was stopped for a while; frees in that time were not seen");
}

// As bash reads it: what would not be shown as it is, and all that is no ASCII with it, by its number.
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

std::vector<std::string> notes(const std::vector<ImageFacts>& images) {
  std::vector<std::string> out;
  const uint64_t lost = sum_of(images, [](const ImageFacts& facts) { return facts.lost_events; });
  const uint64_t segments = sum_of(images, [](const ImageFacts& facts) { return facts.lost_segments; });
  const uint64_t torn = sum_of(images, [](const ImageFacts& facts) { return facts.unreadable_bytes; });
  if (lost != 0) out.push_back(plural(lost, "event") + " could not be recorded");
  if (segments != 0) out.push_back(plural(segments, "segment") + " of events or definitions are missing from the file");
  if (torn != 0) out.push_back(format_bytes(torn) + " of the file could not be read");
  for (const ImageFacts& facts : images) note_image(facts, out);
  return out;
}

std::string wrapped(std::string_view text, size_t columns) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const size_t width = width_of(word);
    if (used != 0 && used + 1 + width > columns) {
      out += "\n  ";
      used = 2;
    } else if (used != 0) {
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
