// A heap model as text, for comparisons: every figure, every block.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>

#include "analyzer/model/heap_model.h"

namespace cistern::analyzer {

inline std::string text_of(const Amount& amount) {
  return fmt::format("{}/{}", amount.bytes, amount.blocks);
}

inline std::string text_of(const HeapModel& model) {
  const HeapTotals& totals = model.totals();
  std::string text = fmt::format("live {} peak {} at {} unknown {} {} implied {} inversions {} arenas {} {} {}\n",
                                 text_of(totals.live), text_of(totals.at_peak), totals.peak_time, totals.unknown_frees,
                                 totals.unknown_unmaps, totals.implied_frees, totals.inversions, model.arenas().made(),
                                 model.arenas().count(), model.arenas().peak_bytes());
  for (const DomainTotals& domain : model.domains()) {
    text += fmt::format("domain {} {} {} {}\n", text_of(domain.live), text_of(domain.allocated), domain.frees,
                        domain.reallocs);
  }
  for (uint32_t i = 0; i < model.sites().size(); ++i) {
    const Site& site = model.sites().site(i);
    const SiteFigures& figures = model.sites().figures(i);
    text += fmt::format("site {} {} {}: {} {} {}\n", raw(site.stack), raw(site.stream_id),
                        static_cast<unsigned>(site.domain), text_of(figures.live), text_of(figures.at_peak),
                        text_of(figures.allocated));
  }
  std::set<std::string> blocks;
  model.for_each_live([&](uint64_t address, const Block& block) {
    blocks.insert(fmt::format("{:x} {} {} {}\n", address, block.size_bytes, block.birth, block.site));
  });
  for (const std::string& block : blocks) text += block;
  return text;
}

}  // namespace cistern::analyzer
