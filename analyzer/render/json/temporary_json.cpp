#include "analyzer/render/json/temporary_json.h"

#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {

std::string temporary_json(const TemporaryResult& result, const TemporaryQuery& query, const OutputOptions& output) {
  Json groups = Json::array();
  for (const uint32_t index : result.sorted_rows()) {
    if (groups.size() >= output.top_or(0)) break;
    const StackRow& row = result.rows[index];
    groups.push_back({
        {"bytes", result.found[index].bytes},
        {"blocks", result.found[index].blocks},
        {"allocated_bytes", row.figures.allocated.bytes},
        {"allocated_blocks", row.figures.allocated.blocks},
        {"domain", name_of(row.domain)},
        {"stack", stack_json(result.tree, row.stack, output.depth_or(0))},
    });
  }
  return json_text({
      {"schema", "cistern.temporary/1"},
      {"complete", all_complete(result.images)},
      {"incomplete_because", reasons_json(result.images)},
      {"threshold", query.threshold},
      {"images", images_json(result.images)},
      {"bytes", result.sum.bytes},
      {"blocks", result.sum.blocks},
      {"allocated_blocks", result.selected.allocated.blocks},
      {"groups", std::move(groups)},
  });
}

}  // namespace cistern::analyzer
