#include "analyzer/render/text/peak_text.h"

#include <fmt/format.h>

#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"

namespace cistern::analyzer {
namespace {

// Each of several processes has its own peak.
std::string when(const std::vector<ImageFacts>& images) {
  if (images.size() != 1) return ", each process at its own peak";
  return " at " + format_ns(static_cast<int64_t>(images.front().peak_ns));
}

std::string answer(const PeakResult& peak) {
  const Amount& at_peak = peak.selected.at_peak;
  std::string text =
      fmt::format("peak {} in {}{}", format_bytes(at_peak.bytes), plural(at_peak.blocks, "block"), when(peak.images));
  if (peak.left_out.at_peak.blocks != 0) {
    text +=
        fmt::format(", {} of all (filtered)", format_share(at_peak.bytes, at_peak.bytes + peak.left_out.at_peak.bytes));
  }
  return text + fmt::format(", {} at the end", format_bytes(peak.selected.live.bytes));
}

}  // namespace

std::string peak_text(const PeakResult& peak, const PeakQuery& query, const OutputOptions& output,
                      const Terminal& terminal) {
  const uint64_t whole = peak.selected.at_peak.bytes;
  StackGroups groups(peak, query.report, output, terminal);
  for (const StackRow* row : peak.at_peak) {
    const Amount& amount = row->figures.at_peak;
    groups.add({row->stack, fmt::format("{}  in {}", format_bytes(amount.bytes), plural(amount.blocks, "block")),
                fmt::format("{}, {} of the peak", name_of(row->domain), format_share(amount.bytes, whole)), amount});
  }
  return groups.text(answer(peak));
}

}  // namespace cistern::analyzer
