// Sums over an image's heap.
#pragma once

#include <array>
#include <cstdint>

#include "analyzer/model/sites.h"
#include "cistern/domain.h"

namespace cistern::analyzer {

struct DomainTotals {
  Amount live;
  Amount allocated;  // ever; a realloc counts with its new size
  uint64_t frees = 0;
  uint64_t reallocs = 0;
};

// As many domains as an event can name; those beyond kDomains are of later writers.
constexpr size_t kDomainNumbers = 8;

struct HeapTotals {
  Amount live;
  Amount at_peak;
  uint64_t peak_time = 0;
  std::array<DomainTotals, kDomainNumbers> domains{};

  uint64_t unknown_frees = 0;   // of addresses that were not live: foreign, or inherited from a parent
  uint64_t unknown_unmaps = 0;  // likewise
  uint64_t implied_frees = 0;   // an allocation at a live address: its free was not recorded
  uint64_t inversions = 0;      // of times, undone

  DomainTotals& of(Domain domain) noexcept { return domains[static_cast<size_t>(domain) % kDomainNumbers]; }
  const DomainTotals& of(Domain domain) const noexcept { return domains[static_cast<size_t>(domain) % kDomainNumbers]; }
};

}  // namespace cistern::analyzer
