#include "analyzer/render/json/leaks_json.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

Json group_json(const LeakGroup& group) {
  const GrowthFinding& growth = group.growth;
  const auto number_or_null = [](const std::optional<double>& number) {
    return number ? Json(*number) : Json(nullptr);
  };
  const bool marked = growth.growth == Growth::kMarked;
  return {
      {"kind", name_of(group.kind)},
      {"growth", name_of(growth.growth)},
      {"leak", group.is_leak()},
      {"bytes", group.amount.bytes},
      {"blocks", group.amount.blocks},
      {"bytes_per_second", number_or_null(group.bytes_per_second())},
      {"blocks_per_second", number_or_null(group.blocks_per_second())},
      {"bytes_per_mark", marked ? Json(growth.bytes_per_mark) : Json(nullptr)},
      {"blocks_per_mark", marked ? Json(growth.blocks_per_mark) : Json(nullptr)},
      {"collectable_bytes", group.collectable.bytes},
      {"collectable_blocks", group.collectable.blocks},
      {"windows", growth.windows},
      {"fit", growth.fit},
      {"births", growth.births},
      {"domain", name_of(group.domain)},
      {"type", nullptr},
      {"first_birth_ns", group.first_birth_ns},
      {"last_birth_ns", group.last_birth_ns},
      {"images", group.images},
      {"pids", group.pids},
  };
}

Json head_json(const LeaksResult& leaks, const LeaksQuery& query) {
  return {
      {"schema", "cistern.leaks/1"},
      {"complete", all_complete(leaks.images)},
      {"incomplete_because", reasons_json(leaks.images)},
      {"at", query.report.at.text.empty() ? "end" : query.report.at.text},
      {"images", images_json(leaks.images)},
      {"live_bytes", leaks.live.bytes},
      {"live_blocks", leaks.live.blocks},
      {"leaked_bytes", leaks.leaked.bytes},
      {"leaked_blocks", leaks.leaked.blocks},
  };
}

}  // namespace

void leaks_json(const LeaksResult& leaks, const LeaksQuery& query, const OutputOptions& output, const TextSink& write) {
  JsonListWriter writer(head_json(leaks, query), "groups", write);
  StackJsonText stacks(leaks.tree, output.depth_or(0));
  const size_t count = std::min(output.top_or(0), leaks.listed.size());
  std::string stack;
  for (size_t i = 0; i < count; ++i) {
    const LeakGroup& group = leaks.groups[leaks.listed[i]];
    stack.clear();
    stacks.append(stack, group.stack);
    writer.add(group_json(group), "stack", stack);
  }
  writer.finish();
}

}  // namespace cistern::analyzer
