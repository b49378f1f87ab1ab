#include "analyzer/render/text/timeline_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/results/recordings.h"
#include "analyzer/results/timeline.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTextPoints = 20;
constexpr size_t kDataPoints = 200;

Json domains_json(const TimelinePoint& point) {
  Json json = Json::object();
  for (size_t i = 0; i < kDomains; ++i) json[std::string(name_of(static_cast<Domain>(i)))] = point.domain_bytes[i];
  return json;
}

Json point_json(const TimelinePoint& point) {
  return {
      {"time_ns", point.time_ns},
      {"processes", point.processes},
      {"live_bytes", point.live.bytes},
      {"live_blocks", point.live.blocks},
      {"most_bytes", point.most_bytes},
      {"domains", domains_json(point)},
      {"arena_bytes", point.arena_bytes},
      {"pool_used_bytes", point.pool_used_bytes},
      {"pool_held_bytes", point.pool_held_bytes},
      {"resident_bytes", point.resident_bytes == 0 ? Json(nullptr) : Json(point.resident_bytes)},
      {"collections", point.collections},
      {"collected", point.collected},
  };
}

std::string as_json(const Timeline& timeline) {
  Json points = Json::array();
  Json marks = Json::array();
  Json collections = Json::array();
  for (const TimelinePoint& point : timeline.points) points.push_back(point_json(point));
  for (const TimelineMark& mark : timeline.marks) {
    marks.push_back({{"time_ns", mark.time_ns},
                     {"pid", mark.pid},
                     {"name", mark.name},
                     {"live_bytes", mark.live.bytes},
                     {"live_blocks", mark.live.blocks}});
  }
  for (const TimelineCollection& collection : timeline.collections) {
    collections.push_back({{"time_ns", collection.time_ns},
                           {"pid", collection.pid},
                           {"generation", collection.record.generation},
                           {"runs", collection.record.runs},
                           {"collected", collection.record.collected},
                           {"uncollectable", collection.record.uncollectable}});
  }
  return json_text({
      {"schema", "cistern.timeline/1"},
      {"complete", all_complete(timeline.images)},
      {"images", images_json(timeline.images)},
      {"points", std::move(points)},
      {"marks", std::move(marks)},
      {"collections", std::move(collections)},
  });
}

// Visits each point with the marks since the one before.
template <typename F>
void for_each_point(const Timeline& timeline, F&& visit) {
  size_t first = 0;
  for (size_t i = 0; i < timeline.points.size(); ++i) {
    const bool last = i + 1 == timeline.points.size();
    size_t end = first;
    while (end < timeline.marks.size() && (last || timeline.marks[end].time_ns <= timeline.points[i].time_ns)) ++end;
    visit(timeline.points[i], std::span(timeline.marks).subspan(first, end - first));
    first = end;
  }
}

// RFC 4180: what may hold a comma is quoted, quotes are doubled.
std::string csv_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string as_csv(const Timeline& timeline) {
  std::string out = "time_s,processes,live_bytes,live_blocks,most_bytes";
  for (size_t i = 0; i < kDomains; ++i) out += fmt::format(",{}_bytes", name_of(static_cast<Domain>(i)));
  out += ",arena_bytes,pool_used_bytes,pool_held_bytes,resident_bytes,collections,collected,marks\n";
  for_each_point(timeline, [&](const TimelinePoint& point, std::span<const TimelineMark> marks) {
    out += fmt::format("{:.6f},{},{},{},{}", static_cast<double>(point.time_ns) / 1e9, point.processes,
                       point.live.bytes, point.live.blocks, point.most_bytes);
    for (size_t i = 0; i < kDomains; ++i) out += fmt::format(",{}", point.domain_bytes[i]);
    out += fmt::format(",{},{},{},{},{},{},", point.arena_bytes, point.pool_used_bytes, point.pool_held_bytes,
                       point.resident_bytes == 0 ? "" : std::to_string(point.resident_bytes), point.collections,
                       point.collected);
    std::string names;
    for (const TimelineMark& mark : marks) names += (names.empty() ? "" : "; ") + mark.name;
    out += names.empty() ? "\n" : csv_text(printable(names)) + "\n";
  });
  return out;
}

class TimelineText {
 public:
  TimelineText(const Timeline& timeline, const TimelineOptions& options)
      : timeline_(timeline), options_(options), terminal_(terminal_of(stdout)) {
    for (const TimelinePoint& point : timeline.points) {
      greatest_ = std::max({greatest_, point.most_bytes, point.live.bytes});
      resident_ = std::max(resident_, point.resident_bytes);
      has_pools_ |= point.pool_held_bytes != 0;
      for (size_t i = 0; i < kDomainNumbers; ++i) domain_is_used_[i] |= point.domain_bytes[i] != 0;
    }
  }

  std::string text() {
    out_ += wrapped(heading(timeline_.images) + " · " + answer(), columns()) + "\n";
    add_titles();
    for_each_point(timeline_, [&](const TimelinePoint& point, std::span<const TimelineMark> marks) {
      add_row(point);
      add_happenings(point, marks);
    });
    const std::string_view pools = has_pools_ ? "; used and held: of pymalloc's arenas" : "";
    out_ += "\n" + wrapped(fmt::format("▇ live at that time, ░ the most since the row before{}", pools), columns());
    for (const std::string& note : notes(timeline_.images)) out_ += wrapped("note: " + note, columns());
    if (!options_.report.query.paths.empty()) {
      out_ += "next: cistern peak " + shell_word(options_.report.query.paths.front()) + "\n";
    }
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }

  std::string answer() const {
    std::string text = "most live " + format_bytes(greatest_);
    if (resident_ != 0) text += ", most resident (RSS) " + format_bytes(resident_);
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

  // "12.3M": figures of a table, whose unit is plain.
  static std::string short_bytes(uint64_t bytes) {
    if (bytes < 100) return std::to_string(bytes);
    constexpr const char* units[] = {"k", "M", "G", "T", "P", "E"};
    double value = static_cast<double>(bytes) / 1000;
    size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
    return fmt::format("{:.{}f}{}", value, value < 99.95 ? 1 : 0, units[unit]);
  }

  std::string bar(const TimelinePoint& point, size_t room) const {
    if (room == 0 || greatest_ == 0) return "";
    const auto length = [&](uint64_t bytes) {
      return static_cast<size_t>(
          static_cast<double>(bytes) / static_cast<double>(greatest_) * static_cast<double>(room) + 0.5);
    };
    const size_t live = std::min(room, length(point.live.bytes));
    const size_t most = std::min(room, std::max(live, length(point.most_bytes)));
    std::string out = most == 0 ? "" : " ";
    for (size_t i = 0; i < live; ++i) out += "▇";
    for (size_t i = live; i < most; ++i) out += "░";
    return out;
  }

  void add_happenings(const TimelinePoint& point, std::span<const TimelineMark> marks) {
    std::string text;
    if (!marks.empty()) text = marks_text(marks);
    if (point.collections != 0) {
      text += fmt::format("{}{}, {} freed", text.empty() ? "" : "; ", plural(point.collections, "collection"),
                          plural(point.collected, "object"));
    }
    if (point.uncollectable != 0) text += fmt::format(", {} uncollectable", format_count(point.uncollectable));
    if (text.empty()) return;
    const std::string indent(kTime + 2, ' ');
    out_ += indent + terminal_.paint(Ink::kFaint, fit(text, columns() - indent.size())) + "\n";
  }

  // "mark loaded 12.3 MB", "3 marks: a, b, c", "120 marks: iteration … iteration".
  static std::string marks_text(std::span<const TimelineMark> marks) {
    const auto name = [](const TimelineMark& mark) { return fit(printable(mark.name), 24); };
    if (marks.size() == 1) return fmt::format("mark {} at {}", name(marks[0]), format_bytes(marks[0].live.bytes));
    std::string text = fmt::format("{} marks: {}", marks.size(), name(marks[0]));
    if (marks.size() > 3) return text + " … " + name(marks.back());
    for (const TimelineMark& mark : marks.subspan(1)) text += ", " + name(mark);
    return text;
  }

  const Timeline& timeline_;
  const TimelineOptions& options_;
  Terminal terminal_;
  uint64_t greatest_ = 0;
  uint64_t resident_ = 0;
  bool has_pools_ = false;
  std::array<bool, kDomainNumbers> domain_is_used_{};
  std::string out_;
};

}  // namespace

ExitCode report_timeline(const TimelineOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  require_events(recordings);
  const bool text = !options.report.output.json && !options.csv;
  Timeline timeline;
  {
    ProgressBar progress;
    timeline = timeline_of(recordings.profiles, options.points.value_or(text ? kTextPoints : kDataPoints), &progress);
  }
  print_warnings(damage_warnings(timeline.images));
  write_out(options.report.output.json ? as_json(timeline)
            : options.csv              ? as_csv(timeline)
                                       : TimelineText(timeline, options).text());
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
