// `cistern peak`: what was live when each process held most.
#pragma once

#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct PeakQuery {
  ReportQuery report;
};

struct PeakResult : AllocationsByStack {
  std::vector<const StackRow*> at_peak;  // rows with blocks at the peak, most bytes first
};

// `progress` may be null. `recordings` outlives the result. Errors: Failure, exit code 3, when a profile does not have
// its live blocks.
PeakResult analyze(const PeakQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
