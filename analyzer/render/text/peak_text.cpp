#include "analyzer/render/text/peak_text.h"

#include <fmt/format.h>

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"
#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {
namespace {

Json row_json(const AllocationsByStack& by_stack, const StackRow& row, size_t depth) {
  return {
      {"bytes", row.figures.at_peak.bytes},  {"blocks", row.figures.at_peak.blocks},
      {"end_bytes", row.figures.live.bytes}, {"end_blocks", row.figures.live.blocks},
      {"domain", name_of(row.domain)},       {"stack", stack_json(by_stack.tree, row.stack, depth)},
  };
}

std::string as_json(const AllocationsByStack& by_stack, const ReportOptions& options) {
  Json groups = Json::array();
  for (const StackRow* row : by_stack.sorted(Measure::kPeak)) {
    if (groups.size() >= options.output.top_or(0)) break;
    groups.push_back(row_json(by_stack, *row, options.output.depth_or(0)));
  }
  return json_text({
      {"schema", "cistern.peak/1"},
      {"complete", all_complete(by_stack.images)},
      {"images", images_json(by_stack.images)},
      {"peak_bytes", by_stack.selected.at_peak.bytes},
      {"peak_blocks", by_stack.selected.at_peak.blocks},
      {"groups", std::move(groups)},
  });
}

// When it was, for one process; several have each a peak of their own.
std::string when(const std::vector<ImageFacts>& images) {
  if (images.size() != 1) return ", each process at its own peak";
  return " at " + format_ns(static_cast<int64_t>(images.front().peak_ns));
}

std::string answer(const AllocationsByStack& by_stack) {
  const Amount& peak = by_stack.selected.at_peak;
  std::string text =
      fmt::format("peak {} in {}{}", format_bytes(peak.bytes), plural(peak.blocks, "block"), when(by_stack.images));
  if (by_stack.left_out.at_peak.blocks != 0) {
    text +=
        fmt::format(", {} of all (filtered)", format_share(peak.bytes, peak.bytes + by_stack.left_out.at_peak.bytes));
  }
  return text + fmt::format("; {} of it left at the end", format_bytes(by_stack.selected.live.bytes));
}

std::string as_text(const AllocationsByStack& by_stack, const ReportOptions& options) {
  const uint64_t whole = by_stack.selected.at_peak.bytes;
  StackGroups groups(by_stack.tree, options, by_stack.images);
  for (const StackRow* row : by_stack.sorted(Measure::kPeak)) {
    const Amount& peak = row->figures.at_peak;
    groups.add({row->stack, fmt::format("{}  in {}", format_bytes(peak.bytes), plural(peak.blocks, "block")),
                fmt::format("{}, {} of the peak", name_of(row->domain), format_share(peak.bytes, whole)), peak});
  }
  return groups.text(answer(by_stack));
}

}  // namespace

ExitCode report_peak(const ReportOptions& options) {
  const Recordings recordings = open_profiles(options.query.paths);
  require_live_set(recordings);
  const AllocationsByStack by_stack = allocations_by_stack(recordings, options.query);
  warn_about(by_stack);
  write_out(options.output.json ? as_json(by_stack, options) : as_text(by_stack, options));
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
