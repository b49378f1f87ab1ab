#include "analyzer/render/text/leaks_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/leaks/leak_search.h"
#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopGroups = 8;
constexpr size_t kTopFrames = 4;

bool is_shown(const LeakGroup& group, const LeaksOptions& options) {
  return options.all || group.is_leak();
}

Json group_json(const LeakGroup& group) {
  const GrowthFinding& growth = group.growth;
  const auto number_or_null = [](const std::optional<double>& number) {
    return number ? Json(*number) : Json(nullptr);
  };
  const bool marked = growth.growth == Growth::kMarked;
  return {
      {"kind", name_of(group.kind)},
      {"growth", name_of(growth.growth)},
      {"leak", group.is_leak()},
      {"bytes", group.amount.bytes},
      {"blocks", group.amount.blocks},
      {"bytes_per_second", number_or_null(group.bytes_per_second())},
      {"blocks_per_second", number_or_null(group.blocks_per_second())},
      {"bytes_per_mark", marked ? Json(growth.bytes_per_mark) : Json(nullptr)},
      {"blocks_per_mark", marked ? Json(growth.blocks_per_mark) : Json(nullptr)},
      {"collectable_bytes", group.collectable.bytes},
      {"collectable_blocks", group.collectable.blocks},
      {"windows", growth.windows},
      {"fit", growth.fit},
      {"births", growth.births},
      {"domain", name_of(group.domain)},
      {"type", nullptr},
      {"first_birth_ns", group.first_birth_ns},
      {"last_birth_ns", group.last_birth_ns},
      {"images", group.images},
  };
}

Json head_json(const LeakFindings& findings, const LeaksOptions& options) {
  return {
      {"schema", "cistern.leaks/1"},
      {"complete", all_complete(findings.images)},
      {"at", options.report.query.at.text.empty() ? "end" : options.report.query.at.text},
      {"images", images_json(findings.images)},
      {"live_bytes", findings.live.bytes},
      {"live_blocks", findings.live.blocks},
      {"leaked_bytes", findings.leaked.bytes},
      {"leaked_blocks", findings.leaked.blocks},
  };
}

void write_json(const LeakFindings& findings, const LeaksOptions& options) {
  JsonListWriter writer(head_json(findings, options), "groups");
  StackJsonText stacks(findings.tree, options.report.output.depth_or(0));
  const size_t top = options.report.output.top_or(0);
  size_t count = 0;
  std::string stack;
  for (const LeakGroup& group : findings.groups) {
    if (count == top) break;
    if (!is_shown(group, options)) continue;
    ++count;
    stack.clear();
    stacks.append(stack, group.stack);
    writer.add(group_json(group), "stack", stack);
  }
  writer.finish();
}

class LeaksText {
 public:
  LeaksText(const LeakFindings& findings, const LeaksOptions& options)
      : findings_(findings),
        options_(options),
        terminal_(terminal_of(stdout)),
        stacks_(findings.tree, names_, terminal_, options.report.output.depth_or(kTopFrames)) {}

  std::string text() {
    choose();
    out_ += wrapped(heading(findings_.images) + " · " + answer(), columns());
    for (size_t i = 0; i < shown_.size(); ++i) add_group(i + 1, *shown_[i]);
    add_rest();
    for (const std::string& note : notes(findings_.images)) out_ += wrapped("note: " + note, columns());
    add_next_command();
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }

  void choose() {
    const size_t top = options_.report.output.top_or(kTopGroups);
    for (const LeakGroup& group : findings_.groups) {
      if (shown_.size() < top && is_shown(group, options_)) shown_.push_back(&group);
    }
    for (const LeakGroup* group : shown_) add_paths(findings_.tree, group->stack, names_);
  }

  std::string answer() const {
    std::string text = fmt::format("{} in {} alive {}", format_bytes(findings_.live.bytes),
                                   plural(findings_.live.blocks, "block"), moment());
    const uint64_t whole = findings_.live.bytes + findings_.left_out.bytes;
    if (findings_.left_out.blocks != 0) {
      text += fmt::format(", {} of all (filtered)", format_share(findings_.live.bytes, whole));
    }
    if (findings_.leaked.blocks == 0) return text + ", no leak found";
    return text + fmt::format(", of it leaks {} ({})", format_bytes(findings_.leaked.bytes),
                              format_share(findings_.leaked.bytes, findings_.live.bytes));
  }

  std::string moment() const {
    const Moment& at = options_.report.query.at;
    if (at.kind == MomentKind::kPeak) return "at the peak";
    if (at.kind == MomentKind::kExit) return "at the last event";
    if (at.kind != MomentKind::kEnd) return "at " + printable(at.text);
    return findings_.images.empty() ? "at the end" : std::string(describe(findings_.images.front().end_kind));
  }

  void add_group(size_t number, const LeakGroup& group) {
    const std::string amount =
        fmt::format("{}  in {}", format_bytes(group.amount.bytes), plural(group.amount.blocks, "block"));
    const std::string growth =
        group.is_leak() || options_.all ? fmt::format("{:<8}", name_of(group.growth.growth)) : "";
    out_ += fmt::format("\n{:>3}  {}{}  {}{}\n", number, growth, terminal_.paint(Ink::kStrong, amount),
                        name_of(group.domain), times(group));
    out_ += stacks_.lines(group.stack, 5);
    if (findings_.images.size() > 1) {
      out_ += fmt::format("     in {} of {} processes\n", group.images, findings_.images.size());
    }
    if (group.is_leak()) out_ += fmt::format("     {}\n", terminal_.paint(Ink::kFaint, evidence(group)));
  }

  std::string times(const LeakGroup& group) const {
    const GrowthFinding& growth = group.growth;
    if (growth.growth == Growth::kMarked) {
      return fmt::format(", {} in {:.3g} blocks a mark",
                         format_bytes(static_cast<uint64_t>(growth.bytes_per_mark + 0.5)), growth.blocks_per_mark);
    }
    const std::string first = format_ns(group.first_birth_ns);
    const auto rate = group.bytes_per_second();
    if (!rate) return ", from " + first;
    if (group.is_leak()) return fmt::format(", +{} from {} to the end", format_rate(*rate), first);
    return fmt::format(", born {} to {}", first, format_ns(group.last_birth_ns));
  }

  // When the survivors were born, and how the verdict was reached.
  static std::string evidence(const LeakGroup& group) {
    const GrowthFinding& growth = group.growth;
    const char* const clock = growth.growth == Growth::kMarked ? "mark to mark" : "the allocation clock";
    return fmt::format("born {} over {} windows of {}, fit {:.2f}", bars(growth.births), growth.windows, clock,
                       growth.fit);
  }

  // Joined to sixteen columns at most.
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
    Amount rest = options_.all ? findings_.live : findings_.leaked;
    size_t groups = 0;
    for (const LeakGroup& group : findings_.groups) groups += is_shown(group, options_) ? 1 : 0;
    groups -= shown_.size();
    for (const LeakGroup* group : shown_) {
      rest.bytes -= group->amount.bytes;
      rest.blocks -= group->amount.blocks;
    }
    if (groups != 0) {
      out_ += wrapped(fmt::format("and {}, {} in {}: --top 0", plural(groups, options_.all ? "smaller group" : "leak"),
                                  format_bytes(rest.bytes), plural(rest.blocks, "block")),
                      columns());
    }
    if (!options_.all) add_what_is_no_leak();
    out_ += wrapped("kinds are unknown: no census was taken; a leak is what grows on", columns());
  }

  void add_what_is_no_leak() {
    size_t ended = 0;
    size_t slight = 0;
    for (const LeakGroup& group : findings_.groups) {
      const Growth growth = group.growth.growth;
      ended += growth == Growth::kRamp || growth == Growth::kOneOff ? 1 : 0;
      slight += growth == Growth::kSteady && group.slight ? 1 : 0;
    }
    std::string text = fmt::format("{} that grew once or for a while", plural(ended, "group"));
    if (slight != 0) text += fmt::format(", {} that grow a little", format_count(slight));
    out_ += wrapped(text + ", and what is kept as it is: --all", columns());
  }

  void add_next_command() {
    const std::string path = shell_word(options_.report.query.paths.front());
    if (shown_.empty()) {
      out_ += fmt::format("next: cistern {} {}\n", options_.all ? "summary" : "leaks --all", path);
      return;
    }
    for (const LeakGroup* group : shown_) {
      for (const Frame* frame : findings_.tree.stack(group->stack)) {
        if (!is_own_code(*frame)) continue;
        out_ += fmt::format("next: cistern lines {} {}\n", shell_word(printable(names_.name(frame->file))), path);
        return;
      }
    }
  }

  const LeakFindings& findings_;
  const LeaksOptions& options_;
  Terminal terminal_;
  PathNames names_;
  StackText stacks_;
  std::vector<const LeakGroup*> shown_;
  std::string out_;
};

}  // namespace

ExitCode report_leaks(const LeaksOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  require_live_set(recordings);
  ProgressBar progress;
  const LeakFindings findings = find_leaks(
      recordings.profiles, {options.report.query.selection, options.report.query.at, options.warm_up}, &progress);
  print_warnings(damage_warnings(findings.images));
  print_warnings(module_warnings(findings.tree));
  if (options.report.output.json) {
    write_json(findings, options);
  } else {
    write_out(LeaksText(findings, options).text());
  }
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
