#include "analyzer/render/layout/heading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "analyzer/read/failure.h"
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

std::string reason_text(const RecordingStop& stop) {
  switch (stop.reason) {
    case StopReason::kSizeLimit:
      return stop.limit.empty() ? "size limit (10GiB; set --max-size)"
                                : fmt::format("size limit (--max-size {})", printable(stop.limit));
    case StopReason::kFileSizeLimit:
      return "limit on the size of files (ulimit -f)";
    case StopReason::kNoSpace:
      return "no space left on the disk";
    case StopReason::kNoPermission:
      return "no permission to write the profile";
    case StopReason::kDeleted:
      return "the profile was deleted";
    case StopReason::kTruncated:
      return "the profile was truncated";
    case StopReason::kDescriptor:
      return "the program closed the profile's file descriptor";
    case StopReason::kJump:
      return "a signal handler of the program jumped out of the recorder (siglongjmp)";
    case StopReason::kNone:
    case StopReason::kOther:
      break;
  }
  return fmt::format("the profile could not be written ({})", error_text(static_cast<int>(stop.error)));
}

// "recording stopped after 2.9 s: size limit (--max-size 2MiB); 57.1 s until the end are missing, …".
std::string stop_text(const RecordingStop& stop) {
  std::string text =
      fmt::format("recording stopped after {}: {}", format_ns(static_cast<int64_t>(stop.after_ns)), reason_text(stop));
  const bool has_end = stop.ended_ns && *stop.ended_ns >= stop.after_ns;
  text += has_end ? fmt::format("; the last {} are missing",
                                format_ns(static_cast<int64_t>(*stop.ended_ns - stop.after_ns)))
                  : "; the rest is missing";
  if (stop.resident_bytes == 0 || stop.peak_resident_bytes == 0) return text;
  return text + fmt::format("; resident memory was {} then, and {} at most", format_bytes(stop.resident_bytes),
                            format_bytes(stop.peak_resident_bytes));
}

// "process 12 (python3 worker.py), forked by 11 after 1.2 s, has no profile: why".
std::string missing_image_text(const MissingData& missing) {
  using Kind = MissingImage::Kind;
  const MissingImage& image = *missing.image;
  if (image.kind == Kind::kUnreadable) return image.path;
  std::string text = fmt::format("process {}", image.pid);
  const std::string what = image.command.empty() ? image.path : image.command;
  if (!what.empty()) text += fmt::format(" ({})", printable(what));
  const bool forked = image.kind == Kind::kForked || image.kind == Kind::kNotRecorded;
  if (image.kind == Kind::kParent) return text + fmt::format(", which started process {}, has no profile", missing.pid);
  if (image.time != 0) {
    text += fmt::format(", {} process {} after {},", forked ? "forked by" : "started by", missing.pid,
                        format_ns(static_cast<int64_t>(image.time)));
  }
  switch (image.kind) {
    case Kind::kNotPreloaded:
      return text + " has no profile: its environment did not load the recorder (LD_PRELOAD)";
    case Kind::kNotRecorded:
      return text + (image.error == EXDEV ? " has no profile: its root directory is another one (chroot)"
                                          : fmt::format(" has no profile: {}", error_text(image.error)));
    case Kind::kExecuted:
      return text +
             " has no profile: it was deleted, the process could not write it, or the program ignores LD_PRELOAD";
    default:
      return text + " has no profile: it was deleted, or the process could not write it";
  }
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
  if (facts.liveness == Liveness::kRuns) return "still running";
  if (facts.liveness == Liveness::kEnded) return "ended without an end record (killed?)";
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
    case Kind::kPaused:
      return process + "recording was stopped for a while; frees in that time were not recorded";
    case Kind::kStopped:
      return process + stop_text(*missing.stop);
    case Kind::kLeaksWithoutStacks:
      return process + "Python stacks are off, so leaks cannot be told from the rest";
    case Kind::kKindsOfLeaks:
      return fmt::format("no census was taken, so leaks of kind {} cannot be told from the rest", missing.text);
    case Kind::kImage:
      return missing_image_text(missing);
    case Kind::kChildren:
      return process + fmt::format("what became of {} child process{} is not known: there were too many at a time",
                                   missing.number, missing.number == 1 ? "" : "es");
  }
  return missing.text;
}

std::vector<std::string> texts_of(const std::vector<MissingData>& missing) {
  std::vector<std::string> lines;
  for (const MissingData& one : missing) lines.push_back(text_of(one));
  return lines;
}

std::string not_complete_lines(const std::vector<ImageFacts>& images, const Terminal& terminal) {
  constexpr size_t kMostLines = 6;
  constexpr std::string_view kWord = "NOT COMPLETE";
  const auto columns = static_cast<size_t>(terminal.columns);
  const std::vector<std::string> reasons = texts_of(incompleteness(images));
  const size_t shown = reasons.size() <= kMostLines ? reasons.size() : kMostLines - 1;
  std::string lines;
  for (size_t i = 0; i < shown; ++i) {
    const std::string plain = wrapped(fmt::format("{}  {}", kWord, reasons[i]), columns);
    lines += terminal.paint(Ink::kYellow, kWord) + plain.substr(kWord.size());
  }
  if (shown == reasons.size()) return lines;
  return lines +
         wrapped(fmt::format("{}  and {} (show with --json)", kWord, plural(reasons.size() - shown, "more reason")),
                 columns);
}

std::string note_lines(const std::vector<ImageFacts>& images, const Terminal& terminal) {
  std::string lines;
  for (const std::string& note : texts_of(remarks(images))) {
    lines += wrapped("note: " + note, static_cast<size_t>(terminal.columns));
  }
  return lines;
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
