#include "analyzer/reports/peak_report.h"

#include <fmt/format.h>

#include "analyzer/reports/heading.h"
#include "analyzer/reports/report_json.h"
#include "analyzer/reports/stack_groups.h"
#include "analyzer/reports/stack_ledger.h"
#include "analyzer/reports/terminal.h"
#include "analyzer/reports/units.h"

namespace cistern::analyzer {
namespace {

Json row_json(const StackLedger& ledger, const StackRow& row, size_t depth) {
  return {
      {"bytes", row.figures.at_peak.bytes},  {"blocks", row.figures.at_peak.blocks},
      {"end_bytes", row.figures.live.bytes}, {"end_blocks", row.figures.live.blocks},
      {"domain", name_of(row.domain)},       {"stack", stack_json(ledger.tree, row.stack, depth)},
  };
}

std::string as_json(const StackLedger& ledger, const ReportOptions& options) {
  Json groups = Json::array();
  for (const StackRow* row : ledger.sorted(Measure::kPeak)) {
    if (groups.size() >= options.top_or(0)) break;
    groups.push_back(row_json(ledger, *row, options.depth_or(0)));
  }
  return json_text({
      {"schema", "cistern.peak/1"},
      {"complete", all_complete(ledger.images)},
      {"images", images_json(ledger.images)},
      {"peak_bytes", ledger.selected.at_peak.bytes},
      {"peak_blocks", ledger.selected.at_peak.blocks},
      {"groups", std::move(groups)},
  });
}

// When it was, for one process; several have each a peak of their own.
std::string when(const std::vector<ImageFacts>& images) {
  if (images.size() != 1) return ", each process at its own peak";
  return " at " + format_ns(static_cast<int64_t>(images.front().peak_ns));
}

std::string answer(const StackLedger& ledger) {
  const Amount& peak = ledger.selected.at_peak;
  std::string text =
      fmt::format("peak {} in {}{}", format_bytes(peak.bytes), plural(peak.blocks, "block"), when(ledger.images));
  if (ledger.left_out.at_peak.blocks != 0) {
    text += fmt::format(", {} of all (filtered)", format_share(peak.bytes, peak.bytes + ledger.left_out.at_peak.bytes));
  }
  return text + fmt::format("; {} of it left at the end", format_bytes(ledger.selected.live.bytes));
}

std::string as_text(const StackLedger& ledger, const ReportOptions& options) {
  const uint64_t whole = ledger.selected.at_peak.bytes;
  StackGroups groups(ledger.tree, options, ledger.images);
  for (const StackRow* row : ledger.sorted(Measure::kPeak)) {
    const Amount& peak = row->figures.at_peak;
    groups.add({row->stack, fmt::format("{}  in {}", format_bytes(peak.bytes), plural(peak.blocks, "block")),
                fmt::format("{}, {} of the peak", name_of(row->domain), format_share(peak.bytes, whole)), peak});
  }
  return groups.text(answer(ledger));
}

}  // namespace

ExitCode report_peak(const ReportOptions& options) {
  const Recordings recordings = open_recordings(options.paths);
  require_live_set(recordings);
  const StackLedger ledger = stack_ledger(recordings, options);
  write_out(options.json ? as_json(ledger, options) : as_text(ledger, options));
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
