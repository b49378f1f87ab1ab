#include "analyzer/render/json/peak_json.h"

#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

Json row_json(const PeakResult& peak, const StackRow& row, size_t depth) {
  return {
      {"bytes", row.figures.at_peak.bytes},  {"blocks", row.figures.at_peak.blocks},
      {"end_bytes", row.figures.live.bytes}, {"end_blocks", row.figures.live.blocks},
      {"domain", name_of(row.domain)},       {"stack", stack_json(peak.tree, row.stack, depth)},
  };
}

}  // namespace

std::string peak_json(const PeakResult& peak, const PeakQuery&, const OutputOptions& output) {
  Json groups = Json::array();
  for (const StackRow* row : peak.at_peak) {
    if (groups.size() >= output.top_or(0)) break;
    groups.push_back(row_json(peak, *row, output.depth_or(0)));
  }
  return json_text({
      {"schema", "cistern.peak/1"},
      {"complete", all_complete(peak.images)},
      {"incomplete_because", reasons_json(peak.images)},
      {"images", images_json(peak.images)},
      {"peak_bytes", peak.selected.at_peak.bytes},
      {"peak_blocks", peak.selected.at_peak.blocks},
      {"groups", std::move(groups)},
  });
}

}  // namespace cistern::analyzer
