#include "analyzer/render/export/timeline_csv.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

// RFC 4180: a field that may contain a comma is quoted, and quotes in it are doubled.
std::string csv_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string timeline_csv(const TimelineResult& timeline) {
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

}  // namespace cistern::analyzer
