#include "analyzer/render/text/lines_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTextLines = 30;

class LinesText {
 public:
  LinesText(const LinesResult& result, const LinesQuery& query, const SourceText& source, const OutputOptions& output,
            const Terminal& terminal)
      : images_(result.images),
        file_(result.file),
        query_(query),
        source_(source),
        output_(output),
        terminal_(terminal) {}

  std::string text() {
    choose();
    out_ = wrapped(heading(images_) + " · " + answer(), columns());
    out_ += not_complete_lines(images_, terminal_);
    out_ += "\n" + figures("live", "peak", "total", "allocated") + "\n";
    uint64_t last = 0;
    for (const uint64_t number : context_and_lines()) {
      if (last != 0 && number > last + 1) out_ += figures("", "", "", "") + "\n";
      add_line(number);
      last = number;
    }
    add_unknown();
    add_notes();
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }

  // Chooses the lines that held or allocated most, up to the number to show.
  void choose() {
    std::vector<std::pair<uint64_t, uint64_t>> ranked;
    for (const auto& [number, line] : file_.lines) {
      const StackFigures& figures = line.figures;
      const uint64_t weight = std::max({figures.live.bytes, figures.at_peak.bytes, figures.allocated.bytes / 8});
      if (number != 0) ranked.emplace_back(weight, number);
    }
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    ranked.resize(std::min(ranked.size(), output_.top_or(kTextLines)));
    for (const auto& [weight, number] : ranked) shown_.insert(number);
  }

  // Adds the enclosing `def` and `class` lines, if the source is available.
  std::set<uint64_t> context_and_lines() const {
    std::set<uint64_t> all = shown_;
    for (const uint64_t number : shown_) {
      for (uint64_t header = number; (header = source_.header_of(header)) != 0;) all.insert(header);
    }
    return all;
  }

  std::string answer() const {
    return fmt::format("{}: {} live {}, {} at the peak, {} allocated in {}", printable(file_.file),
                       format_bytes(file_.sum.live.bytes), moment(), format_bytes(file_.sum.at_peak.bytes),
                       format_bytes(file_.sum.allocated.bytes), plural(file_.sum.allocated.blocks, "block"));
  }

  std::string moment() const {
    const Moment& at = query_.report.at;
    return at.kind == MomentKind::kEnd ? "at the end" : "at " + printable(at.text);
  }

  static std::string figures(const std::string& live, const std::string& peak, const std::string& total,
                             const std::string& blocks) {
    return fmt::format("{:>8} {:>8} {:>8} {:>9}  │", live, peak, total, blocks);
  }

  static std::string shown_bytes(uint64_t bytes) { return bytes == 0 ? "" : format_bytes(bytes); }

  void add_line(uint64_t number) {
    const auto found = file_.lines.find(number);
    const bool counted = found != file_.lines.end();
    const StackFigures none;
    const StackFigures& line = counted ? found->second.figures : none;
    const std::string left =
        figures(shown_bytes(line.live.bytes), shown_bytes(line.at_peak.bytes), shown_bytes(line.allocated.bytes),
                counted ? format_count(line.allocated.blocks) : "");
    const std::string text = source_.readable() ? source_.line(number) : counted ? in_function(found->second) : "";
    const size_t width = width_of(left) + 8;
    out_ += fmt::format("{} {:>5}  {}\n", left, number, cut(text, columns() - std::min(columns() - 20, width)));
  }

  static std::string in_function(const LineFigures& line) { return "in " + std::string(line.function); }

  // Source is cut at its end, not in its middle.
  static std::string cut(const std::string& text, size_t width) {
    std::string shown;
    for (const char c : printable_tabs(text)) {
      if (width_of(shown) >= width && (static_cast<unsigned char>(c) & 0xC0) != 0x80) return shown;
      shown += c;
    }
    return shown;
  }

  static std::string printable_tabs(const std::string& text) {
    std::string spaced;
    for (const char c : text) spaced += c == '\t' ? std::string("    ") : std::string(1, c);
    return printable(spaced);
  }

  void add_unknown() {
    const auto unknown = file_.lines.find(0);
    if (unknown == file_.lines.end()) return;
    const StackFigures& line = unknown->second.figures;
    out_ += figures(shown_bytes(line.live.bytes), shown_bytes(line.at_peak.bytes), shown_bytes(line.allocated.bytes),
                    format_count(line.allocated.blocks)) +
            "        (unknown line)\n";
  }

  void add_notes() {
    const size_t known = file_.lines.size() - file_.lines.count(0);
    out_ += "\n";
    if (known > shown_.size())
      out_ += "and " + plural(known - shown_.size(), "smaller line") + " (show with --top 0)\n";
    if (!source_.readable()) out_ += "note: the source is not on this machine\n";
    if (source_.changed) out_ += "note: the source has changed since the recording\n";
    out_ += note_lines(images_, terminal_);
  }

  const std::vector<ImageFacts>& images_;
  const FileFigures& file_;
  const LinesQuery& query_;
  const SourceText& source_;
  const OutputOptions& output_;
  const Terminal& terminal_;
  std::set<uint64_t> shown_;
  std::string out_;
};

}  // namespace

std::string lines_text(const LinesResult& result, const LinesQuery& query, const SourceText& source,
                       const OutputOptions& output, const Terminal& terminal) {
  return LinesText(result, query, source, output, terminal).text();
}

}  // namespace cistern::analyzer
