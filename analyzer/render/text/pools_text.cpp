#include "analyzer/render/text/pools_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analyzer/pools/pool_figures.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/pools_drawing.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopClasses = 8;
constexpr size_t kTopPins = 3;
constexpr size_t kTopHolders = 10;
constexpr size_t kTopFrames = 3;
constexpr size_t kIndent = 5;
constexpr size_t kBarWidth = 16;
constexpr uint64_t kMuchWorse = 4 << 20;  // bytes, and more: the worst moment is worth a look
constexpr uint64_t kInterleaved = 4;      // one survivor in so many blocks is worth a hint

std::vector<ImageFacts> facts_of(const PoolFindings& findings) {
  std::vector<ImageFacts> facts;
  for (const ImagePools& image : findings.images) facts.push_back(image.facts);
  return facts;
}

class PoolsText {
 public:
  PoolsText(const PoolFindings& findings, const PoolsOptions& options)
      : findings_(findings),
        options_(options),
        terminal_(terminal_of(stdout)),
        facts_(facts_of(findings)),
        figures_(figures_of(findings.images)),
        stacks_(findings.tree, names_, terminal_, options.report.output.depth_or(kTopFrames)) {}

  std::string text() {
    name_paths();
    line(heading(facts_) + " · " + answer());
    if (figures_.arenas != 0) {
      add_classes();
      add_waste();
      if (options_.map) add_maps();
      if (options_.by) add_holders();
      add_pins();
      add_curve();
    }
    add_remarks();
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }
  void line(const std::string& text) { out_ += wrapped(text, columns()); }
  void title(const std::string& text) { out_ += "\n" + terminal_.paint(Ink::kStrong, text) + "\n"; }

  size_t holders() const { return std::min(options_.report.output.top_or(kTopHolders), findings_.holders.size()); }

  void name_paths() {
    for (size_t i = 0; i < pins(); ++i) add_paths(findings_.tree, findings_.pinning.groups[i].stack, names_);
    for (size_t i = 0; i < holders(); ++i) add_paths(findings_.tree, findings_.holders[i].stack, names_);
  }

  std::string answer() const {
    if (figures_.arenas == 0) {
      const std::string why = findings_.images.empty() ? "" : ": " + findings_.images.front().absent;
      return fmt::format("no pools {}{}", moment(), findings_.images.size() > 1 ? " in any process" : why);
    }
    std::string text =
        fmt::format("{} in {} {}, {} used", format_bytes(figures_.arena_bytes), plural(figures_.arenas, "arena"),
                    moment(), format_share(figures_.used_bytes(), figures_.arena_bytes));
    const uint64_t pinned = findings_.pinning.arenas;
    if (pinned != 0) text += fmt::format("; {} mostly free", plural(pinned, "arena"));
    return text;
  }

  std::string moment() const {
    const Moment& at = options_.report.query.at;
    const bool one = findings_.images.size() == 1;
    const std::string when = one ? format_ns(findings_.images.front().at_ns) : "";
    switch (at.kind) {
      case MomentKind::kWorst:
        return one ? "at " + when + " (most held and unused)" : "when each process held most unused";
      case MomentKind::kPeak:
        return one ? "at " + when + " (the peak)" : "at each process's peak";
      case MomentKind::kExit:
        return "at the last event";
      case MomentKind::kEnd:
        return one ? std::string(describe(facts_.front().end_kind)) : "at the end";
      case MomentKind::kTime:
      case MomentKind::kMark:
        break;
    }
    return "at " + printable(at.text);
  }

  // The classes with the most free bytes, in order of size.
  std::vector<size_t> shown_classes() const {
    std::vector<size_t> classes;
    for (size_t i = 0; i < kSizeClasses; ++i) {
      if (figures_.classes[i].pools != 0) classes.push_back(i);
    }
    const auto free_bytes = [&](size_t i) { return figures_.classes[i].free * PoolTable::class_bytes(i); };
    std::stable_sort(classes.begin(), classes.end(), [&](size_t a, size_t b) { return free_bytes(a) > free_bytes(b); });
    classes.resize(std::min(classes.size(), options_.report.output.top_or(kTopClasses)));
    std::sort(classes.begin(), classes.end());
    return classes;
  }

  void add_classes() {
    title("  class     pools        used        free  free bytes   occupancy");
    const std::vector<size_t> shown = shown_classes();
    ClassFigures rest;
    uint64_t rest_bytes = 0;
    uint64_t rest_free_bytes = 0;
    size_t others = 0;
    for (size_t i = 0; i < kSizeClasses; ++i) {
      const ClassFigures& row = figures_.classes[i];
      const uint64_t size = PoolTable::class_bytes(i);
      if (row.pools == 0) continue;
      if (std::binary_search(shown.begin(), shown.end(), i)) {
        add_class(std::to_string(size), row, row.free * size, row.used * size);
        continue;
      }
      ++others;
      rest.pools += row.pools;
      rest.used += row.used;
      rest.free += row.free;
      rest_free_bytes += row.free * size;
      rest_bytes += row.used * size;
    }
    if (others != 0) add_class(fmt::format("{} more", others), rest, rest_free_bytes, rest_bytes);
  }

  void add_class(const std::string& name, const ClassFigures& row, uint64_t free_bytes, uint64_t used_bytes) {
    const uint64_t whole = free_bytes + used_bytes;
    out_ += fmt::format("{} {} {} {} {}   {} {}\n", pad_left(name, 7), pad_left(format_count(row.pools), 9),
                        pad_left(format_count(row.used), 11), pad_left(format_count(row.free), 11),
                        pad_left(format_bytes(free_bytes), 11), pad_right(bar(used_bytes, whole, kBarWidth), kBarWidth),
                        pad_left(format_share(used_bytes, whole), 5));
  }

  void add_waste() {
    title(fmt::format("where the {} are", format_bytes(figures_.arena_bytes)));
    add_part(figures_.requested_bytes, "asked for by the program");
    add_part(figures_.rounding_bytes, "rounding up to the class");
    add_part(figures_.free_block_bytes, "free blocks in pools that are partly used");
    add_part(figures_.free_pool_bytes, "free pools in arenas that used blocks keep");
    add_part(figures_.empty_arena_bytes, "arenas without a used block");
    add_part(figures_.overhead_bytes, "headers of pools, and ends too short for a block");
  }

  void add_part(uint64_t bytes, const char* what) {
    if (bytes == 0) return;
    out_ += fmt::format("{} {}  {}\n", pad_left(format_bytes(bytes), 11),
                        pad_left(format_share(bytes, figures_.arena_bytes), 5), what);
  }

  void add_maps() {
    title("the arenas");
    out_ += arena_map_legend();
    for (const ImagePools& image : findings_.images) {
      if (image.pools.arenas() == 0) continue;
      if (findings_.images.size() > 1) line(fmt::format("process {}:", image.facts.pid));
      out_ += arena_map(image.pools);
    }
  }

  void add_holders() {
    title("       used     blocks  rounding   whose");
    for (size_t i = 0; i < holders(); ++i) {
      const PoolHolder& holder = findings_.holders[i];
      out_ += fmt::format("{} {} {}   {}\n", pad_left(format_bytes(holder.bytes), 11),
                          pad_left(format_count(holder.blocks), 10),
                          pad_left(format_bytes(holder.bytes - holder.requested_bytes), 9),
                          fit(stacks_.one_line(holder.stack), columns() - 35));
    }
    if (holders() != findings_.holders.size()) {
      line(fmt::format("    and {} more: --top 0", findings_.holders.size() - holders()));
    }
  }

  // Those that keep arenas alone; those that only share some are listed when they are asked for.
  size_t pins() const {
    const std::vector<PinGroup>& groups = findings_.pinning.groups;
    const size_t alone = static_cast<size_t>(
        std::count_if(groups.begin(), groups.end(), [](const PinGroup& group) { return group.returned_bytes != 0; }));
    return std::min(options_.report.output.top_or(kTopPins), options_.report.output.top ? groups.size() : alone);
  }

  void add_pins() {
    const Pinning& pinning = findings_.pinning;
    if (pinning.arenas == 0) return;
    title("who keeps the mostly free arenas, and what would come back without them");
    for (size_t i = 0; i < pins(); ++i) add_pin(i + 1, pinning.groups[i]);
    line(other_pins());
    if (pins() != 0) {
      line(
          "A block in a free list of the interpreter (floats, lists, dicts, frames) counts as used, under the stack "
          "that made it first.");
    }
  }

  std::string other_pins() const {
    const Pinning& pinning = findings_.pinning;
    const size_t more = pinning.groups.size() - pins();
    const char* const what = options_.by == GroupBy::kFunction ? "function" : options_.by ? "line" : "stack";
    if (pins() == 0) {
      return fmt::format("{} share {}, {}; nobody keeps one alone. {}--top 0 lists them.", plural(more, what),
                         plural(pinning.arenas, "arena"), format_bytes(pinning.arena_bytes),
                         options_.by ? "" : "--by function puts them together; ");
    }
    std::string text = fmt::format("of {} in mostly free arenas", format_bytes(pinning.arena_bytes));
    if (pins() > 1) {
      text += fmt::format("; without these {} together: {}", pins(),
                          format_bytes(pinning.groups[pins() - 1].returned_with_above));
    }
    if (more != 0) text += fmt::format("; {} more: --top 0", plural(more, what));
    return text;
  }

  void add_pin(size_t number, const PinGroup& group) {
    const std::string figure =
        group.arenas != 0 ? fmt::format("{}  in {}", format_bytes(group.returned_bytes), plural(group.arenas, "arena"))
                          : fmt::format("nothing alone, {} with others", plural(group.shared_arenas, "arena"));
    out_ += fmt::format("{:>3}  {}  {}{}\n", number, terminal_.paint(Ink::kStrong, figure),
                        plural(group.blocks, "block"), group.arenas != 0 ? origin_of(group) : "");
    out_ += stacks_.lines(group.stack, kIndent);
    if (group.arenas == 0 || group.one_in() < kInterleaved) return;
    out_ += fmt::format("     one in {} blocks made here survived: short- and long-lived ones lie mixed\n",
                        format_count(group.one_in()));
  }

  static std::string origin_of(const PinGroup& group) {
    const size_t main = group.main_class();
    const char* const mostly = group.blocks_of_class[main] == group.blocks ? "" : "mostly ";
    return fmt::format(" {}of class {}, median age {}", mostly, PoolTable::class_bytes(main),
                       format_ns(group.median_age_ns));
  }

  // Of the process that held most.
  void add_curve() {
    const auto most = std::max_element(
        findings_.images.begin(), findings_.images.end(),
        [](const ImagePools& a, const ImagePools& b) { return a.peak_arena_bytes < b.peak_arena_bytes; });
    const std::string whose = findings_.images.size() > 1 ? fmt::format(" by process {}", most->facts.pid) : "";
    title(fmt::format("held (░) and used (█){} over time", whose));
    out_ += curve_chart(*most, columns());
  }

  void add_remarks() {
    out_ += "\n";
    for (const ImagePools& image : findings_.images) add_remarks_on(image);
    for (const std::string& note : notes(facts_)) line("note: " + note);
    const std::string next = next_command();
    if (!next.empty()) out_ += "next: " + next + "\n";
  }

  void add_remarks_on(const ImagePools& image) {
    const bool one = findings_.images.size() == 1;
    const std::string who = one ? "" : fmt::format("process {}: ", image.facts.pid);
    if (!image.absent.empty()) {
      if (!one) line(who + image.absent);
    } else if (image.forked) {
      line("note: " + who + "it was forked, and what it inherited from its parent is not in these pools");
    }
    if (image.malloc_free_bytes && one) {
      line(fmt::format("glibc's malloc, which has all blocks above 512 bytes, holds {} free besides",
                       format_bytes(*image.malloc_free_bytes)));
    }
  }

  std::string next_command() const {
    const std::string path = shell_word(options_.report.query.paths.front());
    if (figures_.arenas == 0) return "cistern summary " + path;
    const auto worse = [&](const ImagePools& image) {
      return image.worst_bytes > 2 * figures_of(image.pools).held_unused_bytes() + kMuchWorse;
    };
    if (options_.report.query.at.kind != MomentKind::kWorst &&
        std::any_of(findings_.images.begin(), findings_.images.end(), worse)) {
      return "cistern pools --at worst " + path;
    }
    for (size_t i = 0; i < pins(); ++i) {
      for (const Frame* frame : findings_.tree.stack(findings_.pinning.groups[i].stack)) {
        if (is_own_code(*frame)) {
          return fmt::format("cistern lines {} {}", shell_word(printable(names_.name(frame->file))), path);
        }
      }
    }
    return options_.by ? "cistern pools --map " + path : "cistern pools --by line " + path;
  }

  const PoolFindings& findings_;
  const PoolsOptions& options_;
  Terminal terminal_;
  std::vector<ImageFacts> facts_;
  PoolFigures figures_;
  PathNames names_;
  StackText stacks_;
  std::string out_;
};

}  // namespace

std::string pools_text(const PoolFindings& findings, const PoolsOptions& options) {
  return PoolsText(findings, options).text();
}

}  // namespace cistern::analyzer
