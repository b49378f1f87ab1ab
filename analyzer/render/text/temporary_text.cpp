#include "analyzer/render/text/temporary_text.h"

#include <fmt/format.h>

#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"

namespace cistern::analyzer {
namespace {

std::string answer(const TemporaryResult& result, size_t threshold) {
  const std::string when =
      threshold == 1 ? "before the next allocation" : fmt::format("within {} allocations", format_count(threshold));
  const uint64_t all = result.selected.allocated.blocks;
  return fmt::format("{} ({} of all) were freed {} of their thread", plural(result.sum.blocks, "block"),
                     format_share(result.sum.blocks, all), when);
}

}  // namespace

std::string temporary_text(const TemporaryResult& result, const TemporaryQuery& query, const OutputOptions& output,
                           const Terminal& terminal) {
  StackGroups groups(result, query.report, output, terminal);
  for (const uint32_t index : result.sorted_rows()) {
    const StackRow& row = result.rows[index];
    const Amount& found = result.found[index];
    groups.add({row.stack, fmt::format("{}  {} in all", plural(found.blocks, "block"), format_bytes(found.bytes)),
                fmt::format("{}, {} of its allocations", name_of(row.domain),
                            format_share(found.blocks, row.figures.allocated.blocks)),
                found});
  }
  return groups.text(answer(result, query.threshold));
}

}  // namespace cistern::analyzer
