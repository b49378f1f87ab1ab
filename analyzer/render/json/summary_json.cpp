#include "analyzer/render/json/summary_json.h"

#include "analyzer/render/json/family_json.h"
#include "analyzer/render/json/last_seconds_json.h"

namespace cistern::analyzer {
namespace {

Json domains_json(const SummaryResult& summary) {
  Json list = Json::array();
  for (size_t i = 0; i < kDomainNumbers; ++i) {
    const DomainFigures& domain = summary.domains[i];
    if (i >= kDomains && domain.allocated.blocks == 0) continue;
    list.push_back({
        {"domain", name_of(static_cast<Domain>(i))},
        {"end_bytes", domain.end.bytes},
        {"end_blocks", domain.end.blocks},
        {"peak_bytes", domain.at_peak.bytes},
        {"peak_blocks", domain.at_peak.blocks},
        {"allocated_bytes", domain.allocated.bytes},
        {"allocations", domain.allocated.blocks},
        {"frees", domain.frees},
        {"reallocs", domain.reallocs},
    });
  }
  return list;
}

Json functions_json(const SummaryResult& summary, size_t top) {
  Json list = Json::array();
  for (const FunctionFigures& function : summary.functions) {
    if (list.size() >= top) break;
    Json entry = frame_json(summary.tree.frame(function.frame));
    entry["end_bytes"] = function.end.bytes;
    entry["end_blocks"] = function.end.blocks;
    entry["peak_bytes"] = function.at_peak.bytes;
    entry["peak_blocks"] = function.at_peak.blocks;
    entry["allocated_bytes"] = function.allocated.bytes;
    entry["allocations"] = function.allocated.blocks;
    list.push_back(std::move(entry));
  }
  return list;
}

Json threads_json(const SummaryResult& summary) {
  Json list = Json::array();
  for (const ThreadFigures& thread : summary.threads) {
    list.push_back({
        {"pid", thread.pid},
        {"tid", thread.tid},
        {"name", thread.name},
        {"main", thread.main},
        {"birth_ns", thread.birth_ns},
        {"end_ns", thread.end_ns ? Json(*thread.end_ns) : Json(nullptr)},
        {"end_bytes", thread.end.bytes},
        {"end_blocks", thread.end.blocks},
        {"allocated_bytes", thread.allocated.bytes},
        {"allocations", thread.allocated.blocks},
    });
  }
  return list;
}

Json marks_json(const SummaryResult& summary) {
  Json list = Json::array();
  for (const MarkFigures& mark : summary.marks) {
    list.push_back({
        {"pid", mark.pid},
        {"name", mark.name},
        {"time_ns", mark.time_ns},
        {"live_bytes", mark.live.bytes},
        {"live_blocks", mark.live.blocks},
    });
  }
  return list;
}

Json malloc_info_json(const std::optional<MallocInfoRecord>& info) {
  if (!info) return nullptr;
  constexpr const char* names[MallocInfoRecord::kFields] = {"arena",   "ordblks", "smblks",   "hblks",    "hblkhd",
                                                            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"};
  Json json = Json::object();
  for (size_t i = 0; i < MallocInfoRecord::kFields; ++i) json[names[i]] = info->fields[i];
  return json;
}

Json counters_json(const ImageFigures& image) {
  constexpr const char* names[] = {"lost_events",      "guarded_events", "pass_through",   "bootstrap_blocks",
                                   "stack_table_full", "retired_codes",  "stopped_events", "reinstalls",
                                   "overwritten",      "python_off"};
  Json json = Json::object();
  for (size_t i = 0; i < std::size(names); ++i) json[names[i]] = image.counters[i];
  return json;
}

Json image_summary_json(const ImageFacts& facts, const ImageFigures& image) {
  Json json = image_json(facts);
  json["resident_bytes"] = image.resident.last_bytes;
  json["resident_peak_bytes"] = image.resident.greatest_bytes;
  json["recorder_bytes"] = image.resident.recorder_bytes;
  json["allocator"] = image.allocator.empty() ? Json(nullptr) : Json(image.allocator);
  json["debug_layer"] = image.debug_layer;
  json["arenas"] = image.arenas_at_end;
  json["arena_bytes"] = image.arena_bytes_at_end;
  json["arena_peak_bytes"] = image.arena_peak_bytes;
  json["mallinfo2"] = malloc_info_json(image.malloc_info);
  json["inherited_frees"] = image.forked ? image.unknown_frees : 0;
  json["unknown_frees"] = image.forked ? 0 : image.unknown_frees;
  json["implied_frees"] = image.implied_frees;
  json["inversions"] = image.inversions;
  json["collections"] = image.collections;
  json["collected"] = image.collected;
  json["uncollectable"] = image.uncollectable;
  json["counters"] = counters_json(image);
  Json environment = Json::object();
  for (const auto& [name, value] : image.environment) environment[name] = value;
  json["environment"] = std::move(environment);
  return json;
}

Json images_json(const SummaryResult& summary) {
  Json list = Json::array();
  for (size_t i = 0; i < summary.images.size(); ++i) {
    list.push_back(image_summary_json(summary.images[i], summary.figures[i]));
  }
  return list;
}

Json last_seconds_json(const SummaryResult& summary, const OutputOptions& output) {
  constexpr size_t kTopStacks = 20;  // `leaks --all --json` has all of them
  Json list = Json::array();
  for (const LastSeconds& last : summary.last_seconds) {
    list.push_back(last_seconds_json(last, summary.tree, output.top_or(kTopStacks)));
  }
  return list;
}

}  // namespace

std::string summary_json(const SummaryResult& summary, const SummaryQuery&, const OutputOptions& output) {
  uint64_t events = 0;
  for (const ImageFacts& facts : summary.images) events += facts.events;
  return json_text({
      {"schema", "cistern.summary/1"},
      {"events", events},
      {"complete", all_complete(summary.images)},
      {"incomplete_because", reasons_json(summary.images)},
      {"images", images_json(summary)},
      {"family", family_json(summary.images, summary.growth, summary.tree)},
      {"last_seconds", last_seconds_json(summary, output)},
      {"domains", domains_json(summary)},
      {"functions", functions_json(summary, output.top_or(0))},
      {"marks", marks_json(summary)},
      {"threads", threads_json(summary)},
  });
}

}  // namespace cistern::analyzer
