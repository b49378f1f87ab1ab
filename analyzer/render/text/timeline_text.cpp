#include "analyzer/render/text/timeline_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

class TimelineText {
 public:
  TimelineText(const TimelineResult& result, const TimelineQuery& query, const Terminal& terminal)
      : timeline_(result), query_(query), terminal_(terminal) {
    for (const TimelinePoint& point : timeline_.points) {
      greatest_ = std::max({greatest_, point.most_bytes, point.live.bytes});
      resident_ = std::max(resident_, point.resident_bytes);
      has_pools_ |= point.pool_held_bytes != 0;
      for (size_t i = 0; i < kDomainNumbers; ++i) domain_is_used_[i] |= point.domain_bytes[i] != 0;
    }
  }

  std::string text() {
    out_ += wrapped(heading(timeline_.images) + " · " + answer(), columns());
    out_ += not_complete_lines(timeline_.images, terminal_) + "\n";
    add_titles();
    for_each_point(timeline_, [&](const TimelinePoint& point, std::span<const TimelineMark> marks) {
      add_row(point);
      add_marks_and_collections(point, marks);
    });
    const std::string_view pools = has_pools_ ? "; used, held: bytes in pymalloc's arenas" : "";
    out_ += "\n" + wrapped(fmt::format("▇ live at that time, ░ maximum since the previous row{}", pools), columns());
    out_ += note_lines(timeline_.images, terminal_);
    out_ += "next: cistern peak " + shell_word(query_.report.paths.front()) + "\n";
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }

  std::string answer() const {
    std::string text = "maximum " + format_bytes(greatest_) + " live";
    if (resident_ != 0) text += ", " + format_bytes(resident_) + " resident (RSS)";
    return text;
  }

  std::vector<size_t> domains() const {
    std::vector<size_t> used;
    for (size_t i = 0; i < kDomainNumbers; ++i) {
      if (domain_is_used_[i]) used.push_back(i);
    }
    return used;
  }

  void add_titles() {
    std::string line = pad_left("at", kTime) + cell("live");
    for (const size_t domain : domains()) line += cell(name_of(static_cast<Domain>(domain)));
    if (has_pools_) line += cell("used") + cell("held");
    line += cell("RSS");
    out_ += terminal_.paint(Ink::kStrong, line) + "\n";
  }

  void add_row(const TimelinePoint& point) {
    std::string line = pad_left(format_ns(point.time_ns), kTime) + cell(short_bytes(point.live.bytes));
    for (const size_t domain : domains()) line += cell(short_bytes(point.domain_bytes[domain]));
    if (has_pools_) line += cell(short_bytes(point.pool_used_bytes)) + cell(short_bytes(point.pool_held_bytes));
    line += cell(point.resident_bytes == 0 ? "" : short_bytes(point.resident_bytes));
    out_ += line + bar(point, columns() - std::min(columns(), width_of(line) + 1)) + "\n";
  }

  static constexpr size_t kTime = 8;
  static constexpr size_t kNarrow = 7;
  static std::string cell(std::string_view text) { return pad_left(text, kNarrow); }

  // "12.3M": bytes in a table cell.
  static std::string short_bytes(uint64_t bytes) {
    if (bytes < 100) return std::to_string(bytes);
    constexpr const char* units[] = {"k", "M", "G", "T", "P", "E"};
    double value = static_cast<double>(bytes) / 1000;
    size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
    return fmt::format("{:.{}f}{}", value, value < 99.95 ? 1 : 0, units[unit]);
  }

  std::string bar(const TimelinePoint& point, size_t width) const {
    if (width == 0 || greatest_ == 0) return "";
    const auto length = [&](uint64_t bytes) {
      return static_cast<size_t>(
          static_cast<double>(bytes) / static_cast<double>(greatest_) * static_cast<double>(width) + 0.5);
    };
    const size_t live = std::min(width, length(point.live.bytes));
    const size_t most = std::min(width, std::max(live, length(point.most_bytes)));
    std::string out = most == 0 ? "" : " ";
    for (size_t i = 0; i < live; ++i) out += "▇";
    for (size_t i = live; i < most; ++i) out += "░";
    return out;
  }

  void add_marks_and_collections(const TimelinePoint& point, std::span<const TimelineMark> marks) {
    std::string text;
    if (!marks.empty()) text = marks_text(marks);
    if (point.collections != 0) {
      text += fmt::format("{}{}, {} freed", text.empty() ? "" : "; ", plural(point.collections, "collection"),
                          plural(point.collected, "object"));
    }
    if (point.uncollectable != 0) text += fmt::format(", {} uncollectable", format_count(point.uncollectable));
    if (text.empty()) return;
    const std::string indent(kTime + 2, ' ');
    out_ += indent + terminal_.paint(Ink::kFaint, fit(text, terminal_.most(columns() - indent.size()))) + "\n";
  }

  // "mark loaded: 12.3 MB live", "3 marks: a, b, c", "120 marks: iteration … iteration".
  std::string marks_text(std::span<const TimelineMark> marks) const {
    const auto name = [this](const TimelineMark& mark) { return fit(printable(mark.name), terminal_.most(24)); };
    if (marks.size() == 1) return fmt::format("mark {}: {} live", name(marks[0]), format_bytes(marks[0].live.bytes));
    std::string text = fmt::format("{} marks: {}", marks.size(), name(marks[0]));
    if (marks.size() > 3) return text + " … " + name(marks.back());
    for (const TimelineMark& mark : marks.subspan(1)) text += ", " + name(mark);
    return text;
  }

  const TimelineResult& timeline_;
  const TimelineQuery& query_;
  const Terminal& terminal_;
  uint64_t greatest_ = 0;
  uint64_t resident_ = 0;
  bool has_pools_ = false;
  std::array<bool, kDomainNumbers> domain_is_used_{};
  std::string out_;
};

}  // namespace

std::string timeline_text(const TimelineResult& result, const TimelineQuery& query, const Terminal& terminal) {
  return TimelineText(result, query, terminal).text();
}

}  // namespace cistern::analyzer
