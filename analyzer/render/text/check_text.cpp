#include "analyzer/render/text/check_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopLeaks = 8;
constexpr size_t kIndent = 6;

// Names the process whose memory exceeds a limit, if the profile has several.
std::string process_of(const CheckedProfile& checked, const ImageFacts& facts) {
  if (checked.findings.images.size() == 1) return "";
  return fmt::format(", process {} ({})", facts.pid, printable(program_name(facts.arguments)));
}

// "leaks 12 kB ≤ 64KiB": a figure, with its limit if it has one.
std::string within(const std::string& figure, const std::optional<SizeLimit>& limit) {
  return limit ? figure + " ≤ " + limit->text : figure;
}

std::string_view command_for(LimitKind kind) {
  switch (kind) {
    case LimitKind::kPeak:
      return "peak";
    case LimitKind::kHeld:
      return "pools";
    case LimitKind::kCleanExit:
      return "summary";
    case LimitKind::kLeak:
    case LimitKind::kLeakPerStack:
      break;
  }
  return "leaks";
}

// The verdict on one profile.
class ProfileText {
 public:
  ProfileText(const CheckedProfile& checked, const CheckQuery& query, const OutputOptions& output,
              const Terminal& terminal)
      : checked_(checked),
        query_(query),
        limits_(query.limits),
        output_(output),
        verdict_(checked.verdict),
        terminal_(terminal),
        stacks_(checked.findings.tree, names_, terminal, 1) {
    for (const StackLeak& leak : verdict_.leaks) add_paths(checked.findings.tree, leak.greatest->stack, names_);
  }

  std::string text() {
    if (!verdict_.complete()) {
      for (const std::string& reason : texts_of(verdict_.missing)) add("NOT COMPLETE", Ink::kYellow, reason);
      out_ += wrapped("An incomplete profile does not pass. What it shows:", columns());
    }
    for (const LimitFailure& failure : verdict_.failures) add_failure(failure);
    if (verdict_.failures.empty()) add(verdict_.complete() ? "PASS" : "····", Ink::kGreen, figures());
    out_ += wrapped(subject(), columns());
    for (const LimitFailure& failure : verdict_.failures) add_next(command_for(failure.kind));
    if (!verdict_.complete() && verdict_.failures.empty()) add_next("summary");
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }

  void add(std::string_view word, Ink ink, const std::string& text) {
    const std::string plain = wrapped(std::string(word) + "  " + text, columns());
    out_ += terminal_.paint(ink, word) + plain.substr(word.size());
  }

  std::string subject() const {
    const std::string what = heading(checked_.findings.images);
    return query_.report.paths.size() == 1 ? what : printable(checked_.path) + ": " + what;
  }

  // For a profile that exceeds no limit.
  std::string figures() const {
    std::string text = leak_figures();
    uint64_t peak = 0;
    uint64_t held = 0;
    for (const ImageFacts& facts : checked_.findings.images) peak = std::max(peak, facts.peak.bytes);
    for (const HeldMemory& memory : verdict_.held) held = std::max(held, memory.bytes());
    text += within("peak " + format_bytes(peak), limits_.max_peak);
    if (!verdict_.held.empty()) text += within("; held " + format_bytes(held), limits_.max_held);
    return text + suppressed_figures();
  }

  std::string leak_figures() const {
    if (!limits_.judges_leaks()) return "leaks are not judged (--max-leak); ";
    if (verdict_.leaks.empty()) return "no leaks; ";
    return within("leaks " + format_bytes(verdict_.leaked.bytes), limits_.leak_limit()) + "; ";
  }

  std::string suppressed_figures() const {
    std::string text;
    if (!verdict_.suppressed.empty()) {
      text = fmt::format("; {} suppressed in {}", format_bytes(verdict_.suppressed_amount.bytes),
                         plural(verdict_.suppressed.size(), "group"));
    }
    if (verdict_.not_counted.blocks == 0) return text;
    return text +
           fmt::format("; {} in leaks that --kind or --growth exclude", format_bytes(verdict_.not_counted.bytes));
  }

  void add_failure(const LimitFailure& failure) {
    add("FAIL", Ink::kRed, what_failed(failure));
    const size_t top = std::min(output_.top_or(kTopLeaks), failure.leaks.size());
    for (size_t i = 0; i < top; ++i) add_leak(failure.leaks[i]);
    if (top < failure.leaks.size()) out_ += fmt::format("{:>8}… {} more\n", "", failure.leaks.size() - top);
  }

  std::string what_failed(const LimitFailure& failure) const {
    if (failure.kind == LimitKind::kCleanExit) return ending(*failure.image) + process_of(checked_, *failure.image);
    const std::string amount = format_bytes(failure.amount.bytes);
    const std::string limit = fmt::format("> {} (--{})", failure.limit.text, name_of(failure.kind));
    switch (failure.kind) {
      case LimitKind::kLeak:
        return fmt::format("leaks {} in {} {}{}", amount, plural(failure.amount.blocks, "block"), limit,
                           suppressed_figures());
      case LimitKind::kLeakPerStack:
        return fmt::format("{} {} {}", plural(failure.leaks.size(), "stack"),
                           failure.leaks.size() == 1 ? "leaks" : "leak", limit);
      case LimitKind::kPeak:
        return fmt::format("peak {} {}, at {}{}", amount, limit,
                           format_ns(static_cast<int64_t>(failure.image->peak_ns)),
                           process_of(checked_, *failure.image));
      default:
        return fmt::format("held {} {}: {}{}", amount, limit, parts_of_held(failure),
                           process_of(checked_, *failure.image));
    }
  }

  std::string parts_of_held(const LimitFailure& failure) const {
    const auto index = static_cast<size_t>(failure.image - checked_.findings.images.data());
    const HeldMemory& held = verdict_.held[index];
    return fmt::format("{} in pymalloc's pools, {} in glibc's heaps", format_bytes(held.pools_bytes),
                       format_bytes(held.glibc_bytes));
  }

  void add_leak(const StackLeak& leak) {
    const LeakGroup& group = *leak.greatest;
    const std::string start = fmt::format("{:>{}}{:<7}{:>8}  {:<11}", "", kIndent, name_of(group.growth.growth),
                                          format_bytes(leak.amount.bytes), rate_of(group));
    const size_t width = std::max<size_t>(columns(), width_of(start) + 22) - width_of(start) - 2;
    out_ += start + "  " + fit(place_of(group.stack), terminal_.most(width)) + "\n";
  }

  static std::string rate_of(const LeakGroup& group) {
    if (group.growth.growth == Growth::kMarked) {
      return fmt::format("+{}/mark", format_bytes(static_cast<uint64_t>(group.growth.bytes_per_mark)));
    }
    const auto rate = group.bytes_per_second();
    return rate ? "+" + format_rate(*rate) : "";
  }

  // The line that allocated, with the native function that it called. If the line is not the program's own code, the
  // nearest caller in the program's own code follows.
  std::string place_of(NodeId node) const {
    std::string place = stacks_.one_line(node);
    for (bool first = true; node != kRootNode; node = checked_.findings.tree.parent(node)) {
      const Frame& frame = checked_.findings.tree.frame(node);
      if (is_own_code(frame)) return first ? place : place + " ← " + stacks_.place_of(frame);
      first = first && frame.kind == FrameKind::kNative;
    }
    return place;
  }

  void add_next(std::string_view command) {
    const std::string line = fmt::format("show: cistern {} {}\n", command, shell_word(checked_.path));
    if (out_.find(line) == std::string::npos) out_ += line;
  }

  const CheckedProfile& checked_;
  const CheckQuery& query_;
  const CheckLimits& limits_;
  const OutputOptions& output_;
  const Verdict& verdict_;
  const Terminal& terminal_;
  PathNames names_;
  StackText stacks_;
  std::string out_;
};

std::string entries_text(const Suppressions& suppressions, size_t columns) {
  std::string out;
  for (const Suppression& entry : suppressions.entries()) {
    if (!entry.expired && entry.used) continue;
    const std::string what = entry.expired ? "expired after " + entry.expires : "matches no leak";
    out +=
        wrapped(fmt::format("{}:{}: {}: {}", printable(suppressions.name()), entry.line, what, printable(entry.reason)),
                columns);
  }
  return out;
}

bool leaks_failed(const CheckResult& result) {
  for (const auto& checked : result.profiles) {
    for (const LimitFailure& failure : checked->verdict.failures) {
      if (!failure.leaks.empty()) return true;
    }
  }
  return false;
}

}  // namespace

std::string check_text(const CheckResult& result, const CheckQuery& query, const OutputOptions& output,
                       const Terminal& terminal) {
  std::string out;
  for (const auto& checked : result.profiles) out += ProfileText(*checked, query, output, terminal).text();
  out += entries_text(result.suppressions, static_cast<size_t>(terminal.columns));
  if (leaks_failed(result)) out += "to accept a leak, see \"suppress\" in cistern check --help\n";
  return out;
}

}  // namespace cistern::analyzer
