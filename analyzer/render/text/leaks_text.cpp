#include "analyzer/render/text/leaks_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopGroups = 8;
constexpr size_t kTopFrames = 4;

class LeaksText {
 public:
  LeaksText(const LeaksResult& leaks, const LeaksQuery& query, const OutputOptions& output, const Terminal& terminal)
      : leaks_(leaks),
        query_(query),
        terminal_(terminal),
        stacks_(leaks.tree, names_, terminal_, output.depth_or(kTopFrames)) {
    const size_t count = std::min(output.top_or(kTopGroups), leaks.listed.size());
    for (size_t i = 0; i < count; ++i) shown_.push_back(&leaks.groups[leaks.listed[i]]);
    for (const LeakGroup* group : shown_) add_paths(leaks.tree, group->stack, names_);
  }

  std::string text() {
    add_line(heading(leaks_.images) + " · " + answer());
    out_ += not_complete_lines(leaks_.images, terminal_);
    for (size_t i = 0; i < shown_.size(); ++i) add_group(i + 1, *shown_[i]);
    add_rest();
    out_ += note_lines(leaks_.images, terminal_);
    add_next_command();
    return std::move(out_);
  }

 private:
  void add_line(const std::string& text) { out_ += wrapped(text, static_cast<size_t>(terminal_.columns)); }

  std::string answer() const {
    std::string text = fmt::format("{} in {} alive {}", format_bytes(leaks_.live.bytes),
                                   plural(leaks_.live.blocks, "block"), moment());
    if (leaks_.left_out.blocks != 0) {
      const uint64_t whole = leaks_.live.bytes + leaks_.left_out.bytes;
      text += fmt::format(", {} of all (filtered)", format_share(leaks_.live.bytes, whole));
    }
    if (leaks_.leaked.blocks == 0) return text + ", no leak found";
    return text + fmt::format(", {} ({}) is leaking", format_bytes(leaks_.leaked.bytes),
                              format_share(leaks_.leaked.bytes, leaks_.live.bytes));
  }

  std::string moment() const {
    const Moment& at = query_.report.at;
    if (at.kind == MomentKind::kPeak) return "at the peak";
    if (at.kind == MomentKind::kExit) return "at the last event";
    if (at.kind != MomentKind::kEnd) return "at " + printable(at.text);
    return leaks_.images.empty() ? "at the end" : std::string(describe(leaks_.images.front().end_kind));
  }

  void add_group(size_t number, const LeakGroup& group) {
    const std::string amount =
        fmt::format("{}  in {}", format_bytes(group.amount.bytes), plural(group.amount.blocks, "block"));
    const std::string growth = fmt::format("{:<8}", name_of(group.growth.growth));
    out_ += fmt::format("\n{:>3}  {}{}  {}{}\n", number, growth, terminal_.paint(Ink::kStrong, amount),
                        name_of(group.domain), times(group));
    out_ += stacks_.lines(group.stack, 5);
    if (leaks_.images.size() > 1) {
      out_ += fmt::format("     in {} of {} processes: {}\n", group.images, leaks_.images.size(), pids(group));
    }
    if (group.is_leak()) out_ += fmt::format("     {}\n", terminal_.paint(Ink::kFaint, evidence(group)));
  }

  static std::string pids(const LeakGroup& group) {
    constexpr size_t kMost = 5;
    const size_t shown = std::min(kMost, group.pids.size());
    const std::string text =
        fmt::format("{}", fmt::join(group.pids.begin(), group.pids.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    return shown < group.images ? text + ", …" : text;
  }

  std::string times(const LeakGroup& group) const {
    const GrowthFinding& growth = group.growth;
    if (growth.growth == Growth::kMarked) {
      return fmt::format(", {} in {:.3g} blocks per mark",
                         format_bytes(static_cast<uint64_t>(growth.bytes_per_mark + 0.5)), growth.blocks_per_mark);
    }
    const std::string first = format_ns(group.first_birth_ns);
    const auto rate = group.bytes_per_second();
    if (!rate) return ", allocated at " + first;
    if (group.is_leak()) return fmt::format(", +{} from {} to the end", format_rate(*rate), first);
    return fmt::format(", allocated {} to {}", first, format_ns(group.last_birth_ns));
  }

  // When the survivors were allocated, and how the verdict was reached.
  static std::string evidence(const LeakGroup& group) {
    const GrowthFinding& growth = group.growth;
    const char* const clock = growth.growth == Growth::kMarked ? "between marks" : "of the allocation clock";
    return fmt::format("births {} in {} windows {}, fit {:.2f}", bars(growth.births), growth.windows, clock,
                       growth.fit);
  }

  // At most sixteen columns; several windows share one.
  static std::string bars(const std::vector<uint64_t>& births) {
    constexpr size_t kColumns = 16;
    constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::vector<uint64_t> sums(std::min(births.size(), kColumns));
    for (size_t i = 0; i < births.size(); ++i) sums[i * sums.size() / births.size()] += births[i];
    const uint64_t most = sums.empty() ? 0 : *std::max_element(sums.begin(), sums.end());
    std::string text;
    for (const uint64_t sum : sums) text += sum == 0 ? "·" : std::string(kBars[sum * 7 / most]);
    return text;
  }

  void add_rest() {
    out_ += "\n";
    const size_t more = leaks_.listed.size() - shown_.size();
    Amount rest = leaks_.listed_amount;
    for (const LeakGroup* group : shown_) rest -= group->amount;
    if (more != 0) {
      add_line(fmt::format("and {}, {} in {} (show with --top 0)",
                           plural(more, query_.all ? "more group" : "more leak"), format_bytes(rest.bytes),
                           plural(rest.blocks, "block")));
    }
    if (!query_.all) add_other_groups();
    add_line("A leak is a group that grew until the end. What keeps it alive is not known.");
  }

  void add_other_groups() {
    std::string text;
    if (leaks_.stopped_groups != 0) {
      text = plural(leaks_.stopped_groups, "more group") + " stopped growing or never grew";
    }
    if (leaks_.slight_groups != 0) {
      text += fmt::format("{}{} too little to matter", text.empty() ? "" : ", ",
                          leaks_.slight_groups == 1 ? "1 grows" : format_count(leaks_.slight_groups) + " grow");
    }
    if (!text.empty()) add_line(text + " (show with --all)");
  }

  void add_next_command() {
    const std::string path = shell_word(query_.report.paths.front());
    if (shown_.empty()) {
      out_ += fmt::format("next: cistern {} {}\n", query_.all ? "summary" : "leaks --all", path);
      return;
    }
    for (const LeakGroup* group : shown_) {
      for (const Frame* frame : leaks_.tree.stack(group->stack)) {
        if (!is_own_code(*frame)) continue;
        out_ += fmt::format("next: cistern lines {} {}\n", shell_word(printable(names_.name(frame->file))), path);
        return;
      }
    }
  }

  const LeaksResult& leaks_;
  const LeaksQuery& query_;
  const Terminal& terminal_;
  PathNames names_;
  StackText stacks_;
  std::vector<const LeakGroup*> shown_;
  std::string out_;
};

}  // namespace

std::string leaks_text(const LeaksResult& leaks, const LeaksQuery& query, const OutputOptions& output,
                       const Terminal& terminal) {
  return LeaksText(leaks, query, output, terminal).text();
}

}  // namespace cistern::analyzer
