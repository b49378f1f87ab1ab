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
constexpr uint64_t kMuchWorse = 4 << 20;  // unused bytes above those shown, for which --at worst is recommended
constexpr uint64_t kInterleaved = 4;      // one survivor in N blocks, from which on the text explains mixed lifetimes

const char* describe(NoPools reason) {
  switch (reason) {
    case NoPools::kPresent:
      break;
    case NoPools::kNoInterpreter:
      return "no Python interpreter was found in the process";
    case NoPools::kNotCPython:
      return "the interpreter is not CPython, and has no pymalloc";
    case NoPools::kFreeThreaded:
      return "free-threaded Python uses mimalloc instead of arenas and pools";
    case NoPools::kMallocSelected:
      return "PYTHONMALLOC selected malloc instead of pymalloc";
    case NoPools::kMimallocSelected:
      return "PYTHONMALLOC selected mimalloc instead of pymalloc";
    case NoPools::kNotRecorded:
      return "blocks in pools were not recorded (--domains leaves out mem or obj)";
    case NoPools::kNoOwnArena:
      return "the process had no arena of its own (arenas inherited from its parent are not known)";
    case NoPools::kNoArena:
      return "the process had no arena at this moment";
    case NoPools::kNotRunning:
      return "the process was not running at this moment";
  }
  return "";
}

class PoolsText {
 public:
  PoolsText(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output, const Terminal& terminal,
            bool map)
      : query_(query),
        result_(result),
        output_(output),
        terminal_(terminal),
        map_(map),
        figures_(figures_of(result.image_pools)),
        stacks_(result.tree, names_, terminal_, output.depth_or(kTopFrames)) {}

  std::string text() {
    name_paths();
    line(heading(result_.images) + " · " + answer());
    out_ += not_complete_lines(result_.images, terminal_);
    if (figures_.arenas != 0) {
      add_classes();
      add_waste();
      if (map_) add_maps();
      if (query_.by) add_holders();
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

  size_t holders() const { return std::min(output_.top_or(kTopHolders), result_.holders.size()); }

  void name_paths() {
    for (size_t i = 0; i < pins(); ++i) add_paths(result_.tree, result_.pinning.groups[i].stack, names_);
    for (size_t i = 0; i < holders(); ++i) add_paths(result_.tree, result_.holders[i].stack, names_);
  }

  std::string answer() const {
    if (figures_.arenas == 0) {
      const std::string why =
          result_.image_pools.empty() ? "" : fmt::format(": {}", describe(result_.image_pools.front().no_pools));
      return fmt::format("no pools {}{}", moment(), result_.image_pools.size() > 1 ? " in any process" : why);
    }
    std::string text =
        fmt::format("{} in {} {}, {} used", format_bytes(figures_.arena_bytes), plural(figures_.arenas, "arena"),
                    moment(), format_share(figures_.used_bytes(), figures_.arena_bytes));
    const uint64_t pinned = result_.pinning.arenas;
    if (pinned != 0) text += fmt::format("; {} mostly free", plural(pinned, "arena"));
    return text;
  }

  std::string moment() const {
    const Moment& at = query_.report.at;
    const bool one = result_.image_pools.size() == 1;
    const std::string when = one ? format_ns(result_.image_pools.front().at_ns) : "";
    switch (at.kind) {
      case MomentKind::kWorst:
        return one ? "at " + when + " (most unused bytes)" : "at each process's worst moment";
      case MomentKind::kPeak:
        return one ? "at " + when + " (the peak)" : "at each process's peak";
      case MomentKind::kExit:
        return "at the last event";
      case MomentKind::kEnd:
        return one ? std::string(describe(result_.images.front().end_kind)) : "at the end";
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
    classes.resize(std::min(classes.size(), output_.top_or(kTopClasses)));
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
    title(fmt::format("use of the {} in arenas", format_bytes(figures_.arena_bytes)));
    add_part(figures_.requested_bytes, "requested by the program");
    add_part(figures_.rounding_bytes, "rounding up to the size class");
    add_part(figures_.free_block_bytes, "free blocks in partly used pools");
    add_part(figures_.free_pool_bytes, "free pools in arenas with used blocks");
    add_part(figures_.empty_arena_bytes, "arenas without a used block");
    add_part(figures_.overhead_bytes, "pool headers, and remainders too short for a block");
  }

  void add_part(uint64_t bytes, const char* what) {
    if (bytes == 0) return;
    out_ += fmt::format("{} {}  {}\n", pad_left(format_bytes(bytes), 11),
                        pad_left(format_share(bytes, figures_.arena_bytes), 5), what);
  }

  void add_maps() {
    title("map of the arenas");
    out_ += arena_map_legend();
    for (const ImagePools& image : result_.image_pools) {
      if (image.pools.arenas() == 0) continue;
      if (result_.image_pools.size() > 1) line(fmt::format("process {}:", image.facts.pid));
      out_ += arena_map(image.pools);
    }
  }

  void add_holders() {
    title("       used     blocks  rounding   allocated by");
    for (size_t i = 0; i < holders(); ++i) {
      const PoolHolder& holder = result_.holders[i];
      out_ += fmt::format("{} {} {}   {}\n", pad_left(format_bytes(holder.bytes), 11),
                          pad_left(format_count(holder.blocks), 10),
                          pad_left(format_bytes(holder.bytes - holder.requested_bytes), 9),
                          fit(stacks_.one_line(holder.stack), terminal_.most(columns() - 35)));
    }
    if (holders() != result_.holders.size()) {
      line(fmt::format("    and {} more (show with --top 0)", result_.holders.size() - holders()));
    }
  }

  // Number of groups to list: those with exclusive arenas, or all of them if --top is given.
  size_t pins() const {
    const std::vector<PinGroup>& groups = result_.pinning.groups;
    const size_t alone = static_cast<size_t>(
        std::count_if(groups.begin(), groups.end(), [](const PinGroup& group) { return group.returned_bytes != 0; }));
    return std::min(output_.top_or(kTopPins), output_.top ? groups.size() : alone);
  }

  void add_pins() {
    const Pinning& pinning = result_.pinning;
    if (pinning.arenas == 0) return;
    title("blocks that pin mostly free arenas, and the bytes that freeing them returns");
    for (size_t i = 0; i < pins(); ++i) add_pin(i + 1, pinning.groups[i]);
    line(other_pins());
    if (pins() != 0) {
      line(
          "Blocks in the interpreter's free lists (floats, lists, dicts, frames) count as used, under the stack that "
          "allocated them.");
    }
  }

  std::string other_pins() const {
    const Pinning& pinning = result_.pinning;
    const size_t more = pinning.groups.size() - pins();
    const char* const what = query_.by == GroupBy::kFunction ? "function" : query_.by ? "line" : "stack";
    if (pins() == 0) {
      return fmt::format("{} pin {} together ({}); no {} pins an arena alone (show with --top 0{})", plural(more, what),
                         plural(pinning.arenas, "arena"), format_bytes(pinning.arena_bytes), what,
                         query_.by ? "" : "; group by function with --by function");
    }
    std::string text = fmt::format("mostly free arenas hold {}", format_bytes(pinning.arena_bytes));
    if (pins() > 1) {
      text += fmt::format("; freeing the blocks of these {} returns {}", plural(pins(), what),
                          format_bytes(pinning.groups[pins() - 1].cumulative_returned_bytes));
    }
    if (more != 0) text += fmt::format("; {} (show with --top 0)", plural(more, fmt::format("more {}", what).c_str()));
    return text;
  }

  void add_pin(size_t number, const PinGroup& group) {
    const std::string figure =
        group.exclusive_arenas != 0
            ? fmt::format("{}  in {}", format_bytes(group.returned_bytes), plural(group.exclusive_arenas, "arena"))
            : fmt::format("no arena alone, {} with others", plural(group.shared_arenas, "arena"));
    out_ += fmt::format("{:>3}  {}  {}{}\n", number, terminal_.paint(Ink::kStrong, figure),
                        plural(group.blocks, "block"), group.exclusive_arenas != 0 ? origin_of(group) : "");
    out_ += stacks_.lines(group.stack, kIndent);
    if (group.exclusive_arenas == 0 || group.one_in() < kInterleaved) return;
    out_ += fmt::format("     1 in {} survived: short-lived and long-lived blocks share these pools\n",
                        format_count(group.one_in()));
  }

  static std::string origin_of(const PinGroup& group) {
    const size_t main = group.main_class();
    const char* const mostly = group.blocks_of_class[main] == group.blocks ? "" : "mostly ";
    return fmt::format(" {}of class {}, median age {}", mostly, PoolTable::class_bytes(main),
                       format_ns(group.median_age_ns));
  }

  // The curve of the process with the greatest arena bytes.
  void add_curve() {
    const auto most = std::max_element(
        result_.image_pools.begin(), result_.image_pools.end(),
        [](const ImagePools& a, const ImagePools& b) { return a.peak_arena_bytes < b.peak_arena_bytes; });
    const std::string whose = result_.image_pools.size() > 1 ? fmt::format(" by process {}", most->facts.pid) : "";
    title(fmt::format("arena bytes held (░) and used (█){} over time", whose));
    out_ += curve_chart(*most, columns());
  }

  void add_remarks() {
    out_ += "\n";
    for (const ImagePools& image : result_.image_pools) add_remarks_on(image);
    out_ += note_lines(result_.images, terminal_);
    const std::string next = next_command();
    if (!next.empty()) out_ += "next: " + next + "\n";
  }

  void add_remarks_on(const ImagePools& image) {
    const bool one = result_.image_pools.size() == 1;
    if (image.no_pools != NoPools::kPresent) {
      if (!one) line(fmt::format("process {}: {}", image.facts.pid, describe(image.no_pools)));
    } else if (image.forked) {
      const std::string who = one ? "the process" : fmt::format("process {}", image.facts.pid);
      line("note: " + who + " was forked; arenas inherited from its parent are not included");
    }
    if (image.malloc_free_bytes && one) {
      line(fmt::format("glibc malloc, which serves blocks above 512 bytes, holds another {} free",
                       format_bytes(*image.malloc_free_bytes)));
    }
  }

  std::string next_command() const {
    const std::string path = shell_word(query_.report.paths.front());
    if (figures_.arenas == 0) return "cistern summary " + path;
    const auto worse = [&](const ImagePools& image) {
      return image.worst_bytes > 2 * figures_of(image.pools).held_unused_bytes() + kMuchWorse;
    };
    if (query_.report.at.kind != MomentKind::kWorst &&
        std::any_of(result_.image_pools.begin(), result_.image_pools.end(), worse)) {
      return "cistern pools --at worst " + path;
    }
    for (size_t i = 0; i < pins(); ++i) {
      for (const Frame* frame : result_.tree.stack(result_.pinning.groups[i].stack)) {
        if (is_own_code(*frame)) {
          return fmt::format("cistern lines {} {}", shell_word(printable(names_.name(frame->file))), path);
        }
      }
    }
    return query_.by ? "cistern pools --map " + path : "cistern pools --by line " + path;
  }

  const PoolsQuery& query_;
  const PoolsResult& result_;
  const OutputOptions& output_;
  const Terminal& terminal_;
  bool map_;
  PoolFigures figures_;
  PathNames names_;
  StackText stacks_;
  std::string out_;
};

}  // namespace

std::string pools_text(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output,
                       const Terminal& terminal, bool map) {
  return PoolsText(result, query, output, terminal, map).text();
}

}  // namespace cistern::analyzer
