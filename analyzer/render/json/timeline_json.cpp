#include "analyzer/render/json/timeline_json.h"

#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

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

}  // namespace

std::string timeline_json(const TimelineResult& timeline) {
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
      {"incomplete_because", reasons_json(timeline.images)},
      {"images", images_json(timeline.images)},
      {"points", std::move(points)},
      {"marks", std::move(marks)},
      {"collections", std::move(collections)},
  });
}

}  // namespace cistern::analyzer
