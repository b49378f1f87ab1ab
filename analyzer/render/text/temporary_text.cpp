#include "analyzer/render/text/temporary_text.h"

#include <fmt/format.h>

#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"

namespace cistern::analyzer {
namespace {

std::string answer(const TemporaryResult& result) {
  const size_t threshold = result.query.threshold;
  const std::string when =
      threshold == 1 ? "before the next allocation" : fmt::format("within {} allocations", format_count(threshold));
  const uint64_t all = result.by_stack.selected.allocated.blocks;
  return fmt::format("{} ({} of all) were freed {} of their thread", plural(result.sum.blocks, "block"),
                     format_share(result.sum.blocks, all), when);
}

}  // namespace

std::string temporary_text(const TemporaryResult& result, const OutputOptions& output) {
  const ReportOptions options{result.query, output};
  StackGroups groups(result.by_stack.tree, options, result.by_stack.images);
  for (const uint32_t index : result.sorted()) {
    const StackRow& row = result.by_stack.rows[index];
    const Amount& found = result.found[index];
    groups.add({row.stack, fmt::format("{}  {} in all", plural(found.blocks, "block"), format_bytes(found.bytes)),
                fmt::format("{}, {} of its allocations", name_of(row.domain),
                            format_share(found.blocks, row.figures.allocated.blocks)),
                found});
  }
  return groups.text(answer(result));
}

}  // namespace cistern::analyzer
