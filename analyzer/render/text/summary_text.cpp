#include "analyzer/render/text/summary_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/family_text.h"
#include "analyzer/render/text/last_seconds_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopFunctions = 8;
constexpr size_t kTopThreads = 8;
constexpr size_t kTopCutOff = 3;  // processes
constexpr size_t kTopStacks = 4;
constexpr size_t kTopMarks = 12;
constexpr size_t kTopProcesses = 12;

uint64_t total(const SummaryResult& summary, uint64_t ImageFacts::*figure) {
  uint64_t sum = 0;
  for (const ImageFacts& facts : summary.images) sum += facts.*figure;
  return sum;
}

class SummaryText {
 public:
  SummaryText(const SummaryResult& summary, const SummaryQuery& query, const OutputOptions& output,
              const Terminal& terminal)
      : summary_(summary),
        query_(query.report),
        output_(output),
        terminal_(terminal),
        facts_(summary.images),
        stacks_(summary.tree, names_, terminal_, 1) {
    for (const FunctionFigures& function : summary.functions) names_.add(summary.tree.frame(function.frame).file);
    for (const LastSeconds& last : summary.last_seconds) add_paths(last, summary.tree, names_);
    for (const ImageGrowth& growth : summary.growth) {
      if (growth.line) names_.add(summary.tree.frame(*growth.line).file);
    }
  }

  std::string text() {
    add_heading();
    add_memory();
    add_last_seconds();
    add_domains();
    if (summary_.images.size() > 1) add_processes();
    add_functions();
    add_marks();
    add_threads();
    add_remarks();
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }
  void line(const std::string& text) { out_ += wrapped(text, columns()); }
  void title(const std::string& text) { out_ += "\n" + terminal_.paint(Ink::kStrong, text) + "\n"; }

  void add_heading() {
    if (facts_.empty()) return;
    line(heading(facts_) + ", " + ending(facts_.front()));
    out_ += not_complete_lines(facts_, terminal_);
    const uint64_t events = total(summary_, &ImageFacts::events);
    const uint64_t finalized = total(summary_, &ImageFacts::snapshot_events);
    const std::string in_snapshot =
        finalized != 0 ? fmt::format(", {} of them only in the snapshot", format_count(finalized)) : "";
    line(fmt::format("{}{}, {} lost, {}", plural(events, "event"), in_snapshot,
                     format_count(total(summary_, &ImageFacts::lost_events)), unreadable_text()) +
         (stopped() ? ", then recording stopped" : ""));
  }

  bool stopped() const {
    return std::any_of(facts_.begin(), facts_.end(), [](const ImageFacts& facts) { return facts.stop.has_value(); });
  }

  std::string unreadable_text() const {
    const uint64_t unreadable = total(summary_, &ImageFacts::unreadable_bytes);
    return unreadable == 0 ? "no truncated segments" : format_bytes(unreadable) + " unreadable";
  }

  // Of the first image; further processes have rows of their own.
  void add_memory() {
    if (summary_.images.empty()) return;
    const ImageFigures& image = summary_.figures.front();
    const ImageFacts& facts = facts_.front();
    out_ += "\n";
    if (summary_.images.size() > 1) line(fmt::format("process {}:", facts.pid));
    line(fmt::format("{} in {} alive {}", format_bytes(facts.end.bytes), plural(facts.end.blocks, "block"),
                     describe(facts.end_kind)));
    line(fmt::format("peak {} in {} at {}", format_bytes(facts.peak.bytes), plural(facts.peak.blocks, "block"),
                     format_ns(static_cast<int64_t>(facts.peak_ns))));
    if (image.resident.greatest_bytes != 0) {
      line(fmt::format("resident (RSS) {} when last sampled, {} at most", format_bytes(image.resident.last_bytes),
                       format_bytes(image.resident.greatest_bytes)));
    }
    if (image.resident.recorder_bytes != 0) {
      line(fmt::format("{} of address space is the recorder's own", format_bytes(image.resident.recorder_bytes)));
    }
    add_allocators(image);
  }

  void add_last_seconds() {
    for (size_t i = 0; i < std::min(kTopCutOff, summary_.last_seconds.size()); ++i) {
      out_ += "\n" + last_seconds_text(summary_.last_seconds[i], summary_.tree, stacks_, columns(),
                                       output_.top_or(kTopStacks));
    }
    const size_t cut_off = summary_.last_seconds.size();
    if (cut_off > kTopCutOff) line(fmt::format("… {} more cut-off processes (show with --json)", cut_off - kTopCutOff));
  }

  void add_allocators(const ImageFigures& image) {
    // mimalloc has no arenas: what its interpreter reports as one is a chunk of the stack of frames.
    if (image.arena_peak_bytes != 0 && image.allocator != "mimalloc") {
      line(fmt::format("{}: {} of {}, at most {}{}", printable(image.allocator), plural(image.arenas_at_end, "arena"),
                       format_bytes(image.arena_bytes_at_end), format_bytes(image.arena_peak_bytes),
                       image.debug_layer ? ", with debug hooks" : ""));
    } else if (!image.allocator.empty()) {
      line(fmt::format("allocator {}{}", printable(image.allocator), image.debug_layer ? ", with debug hooks" : ""));
    }
    if (image.malloc_info) {
      const auto& fields = image.malloc_info->fields;
      line(fmt::format("glibc malloc: {} in use, {} free in its heaps, {} by mmap", format_bytes(fields[7]),
                       format_bytes(fields[8]), format_bytes(fields[4])));
    }
    if (image.collections != 0) {
      line(fmt::format("collector: {}, {} freed, {} uncollectable", plural(image.collections, "run"),
                       plural(image.collected, "object"), format_count(image.uncollectable)));
    }
  }

  void add_domains() {
    title("by domain          alive    blocks   at the peak   allocated   allocations");
    for (size_t i = 0; i < kDomainNumbers; ++i) {
      const DomainFigures& domain = summary_.domains[i];
      if (domain.allocated.blocks == 0) continue;
      out_ += fmt::format("  {} {} {} {} {} {}\n", pad_right(name_of(static_cast<Domain>(i)), 12),
                          pad_left(format_bytes(domain.end.bytes), 9), pad_left(format_count(domain.end.blocks), 9),
                          pad_left(format_bytes(domain.at_peak.bytes), 13),
                          pad_left(format_bytes(domain.allocated.bytes), 11),
                          pad_left(format_count(domain.allocated.blocks), 13));
    }
  }

  void add_processes() {
    title("processes         start     time      peak       end   ended");
    const size_t top = std::min(output_.top_or(kTopProcesses), facts_.size());
    for (size_t i = 0; i < top; ++i) {
      const ImageFacts& facts = facts_[i];
      const double start =
          (static_cast<double>(facts.start_unix_ns) - static_cast<double>(facts_[0].start_unix_ns)) / 1e9;
      out_ += fmt::format("  {} {} {} {} {}   {}\n", pad_right(std::to_string(facts.pid), 10),
                          pad_left("+" + format_seconds(start), 10),
                          pad_left(format_ns(static_cast<int64_t>(facts.duration_ns)), 8),
                          pad_left(format_bytes(facts.peak.bytes), 9), pad_left(format_bytes(facts.end.bytes), 9),
                          fit(process_remark(facts), terminal_.most(columns() - 54)));
    }
    if (top != facts_.size()) out_ += fmt::format("  … {} more\n", facts_.size() - top);
    add_family(top);
  }

  void add_family(size_t top) {
    const std::string rows = family_text(facts_, summary_.growth, summary_.tree, stacks_, columns(), top);
    if (rows.empty()) return;
    title("children since          grew by    blocks   ended    most of it at");
    out_ += rows;
  }

  static std::string process_remark(const ImageFacts& facts) {
    const bool runs = facts.ended_by == "unknown" && facts.liveness == Liveness::kRuns;
    std::string text = runs ? "running" : facts.ended_by;
    if (facts.exit_code && *facts.exit_code != 0) text += fmt::format(" {}", *facts.exit_code);
    return text + "  " + printable(program_name(facts.arguments));
  }

  void add_functions() {
    const size_t top = std::min(output_.top_or(kTopFunctions), summary_.functions.size());
    if (top == 0) return;
    title("top functions    alive    blocks  at the peak");
    for (size_t i = 0; i < top; ++i) add_function(summary_.functions[i]);
  }

  void add_function(const FunctionFigures& function) {
    const Frame& frame = summary_.tree.frame(function.frame);
    const size_t width_left = columns() - 49;
    const std::string name = stacks_.fitted_function(frame, terminal_.most(width_left / 2));
    out_ +=
        fmt::format("  {} {} {}   {} {}\n", pad_left(format_bytes(function.end.bytes), 20),
                    pad_left(format_count(function.end.blocks), 9), pad_left(format_bytes(function.at_peak.bytes), 12),
                    name, fit(stacks_.place_of(frame), terminal_.most(width_left - width_of(name))));
  }

  void add_marks() {
    if (summary_.marks.empty()) return;
    title("marks               at     alive    blocks");
    const size_t top = std::min(output_.top_or(kTopMarks), summary_.marks.size());
    for (size_t i = 0; i < top; ++i) {
      const MarkFigures& mark = summary_.marks[i];
      out_ += fmt::format("  {} {} {} {}\n", pad_right(fit(printable(mark.name), terminal_.most(10)), 10),
                          pad_left(format_ns(mark.time_ns), 9), pad_left(format_bytes(mark.live.bytes), 9),
                          pad_left(format_count(mark.live.blocks), 9));
    }
    if (top != summary_.marks.size()) out_ += fmt::format("  … {} more\n", summary_.marks.size() - top);
  }

  void add_threads() {
    std::vector<const ThreadFigures*> threads;
    for (const ThreadFigures& thread : summary_.threads) threads.push_back(&thread);
    if (threads.size() < 2) return;
    std::stable_sort(threads.begin(), threads.end(), [](const ThreadFigures* a, const ThreadFigures* b) {
      return a->allocated.bytes > b->allocated.bytes;
    });
    title("threads          alive allocated     time   name");
    const size_t top = std::min(output_.top_or(kTopThreads), threads.size());
    for (size_t i = 0; i < top; ++i) add_thread(*threads[i]);
    if (top != threads.size()) out_ += fmt::format("  … {} more\n", threads.size() - top);
  }

  void add_thread(const ThreadFigures& thread) {
    const std::string time = thread.end_ns ? format_ns(*thread.end_ns - thread.birth_ns) : "to the end";
    std::string name = thread.main ? "main" : printable(thread.name);
    if (name.empty()) name = "(no name)";
    out_ += fmt::format("  {} {} {} {}   {}\n", pad_right(std::to_string(thread.tid), 10),
                        pad_left(format_bytes(thread.end.bytes), 9), pad_left(format_bytes(thread.allocated.bytes), 9),
                        pad_left(time, 10), fit(name, terminal_.most(columns() - 48)));
  }

  void add_remarks() {
    out_ += "\n";
    for (const ImageFigures& image : summary_.figures) {
      for (const auto& [name, value] : image.environment) {
        if (&image == &summary_.figures.front() && name != "LD_PRELOAD") line(printable(name + "=" + value));
      }
    }
    out_ += note_lines(facts_, terminal_);
    add_counts();
    const auto cut = [](const ImageFacts& facts) { return facts.epoch_begin_ns.has_value(); };
    const bool overwritten = std::any_of(facts_.begin(), facts_.end(), cut);
    const std::string next = overwritten ? "next: cistern tree " : "next: cistern leaks --all ";
    if (!query_.paths.empty()) out_ += next + shell_word(query_.paths.front()) + "\n";
  }

  void add_counts() {
    uint64_t inherited = 0;
    uint64_t unknown = 0;
    uint64_t implied = 0;
    uint64_t collapsed = 0;
    for (const ImageFigures& image : summary_.figures) {
      (image.forked ? inherited : unknown) += image.unknown_frees;
      implied += image.implied_frees;
      collapsed += image.counters[static_cast<size_t>(Counter::kStackTableFull)];
    }
    if (inherited != 0) line(plural(inherited, "freed block") + " inherited from a parent process");
    if (unknown != 0) line(plural(unknown, "freed block") + " whose allocation was not recorded");
    if (implied != 0) line(plural(implied, "block") + " whose free was not recorded (the address was reused)");
    if (collapsed != 0) line(fmt::format("stack table full: {} without frames", plural(collapsed, "later stack")));
  }

  const SummaryResult& summary_;
  const ReportQuery& query_;
  const OutputOptions& output_;
  const Terminal& terminal_;
  const std::vector<ImageFacts>& facts_;
  PathNames names_;
  StackText stacks_;
  std::string out_;
};

}  // namespace

std::string summary_text(const SummaryResult& summary, const SummaryQuery& query, const OutputOptions& output,
                         const Terminal& terminal) {
  return SummaryText(summary, query, output, terminal).text();
}

}  // namespace cistern::analyzer
