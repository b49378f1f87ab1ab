// Sums over an image's heap.
#pragma once

#include <array>
#include <cstdint>

#include "analyzer/model/sites.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {

struct DomainTotals {
  Amount live;
  Amount allocated;  // ever; a realloc counts with its new size
  uint64_t frees = 0;
  uint64_t reallocs = 0;
};

using DomainSums = std::array<DomainTotals, kDomainNumbers>;
constexpr size_t number_of(Domain domain) noexcept {
  return static_cast<size_t>(domain) % kDomainNumbers;
}

struct HeapTotals {
  Amount live;
  Amount at_peak;
  uint64_t peak_time = 0;

  uint64_t unknown_frees =
      0;  // of addresses that were not live: allocated before recording, or inherited from a parent
  uint64_t unknown_unmaps = 0;  // of unknown mappings
  uint64_t implied_frees = 0;   // an allocation at a live address: its free was not recorded
  uint64_t inversions = 0;      // of event times, corrected
};

}  // namespace cistern::analyzer
