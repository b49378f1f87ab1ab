// The result of `cistern temporary`: blocks that were freed soon after their allocation, by stack.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct TemporaryQuery {
  ReportQuery report;
  size_t threshold = 1;  // as in TemporaryBlocks; at least 1
};

// Of the figures of the rows, only `allocated` is set.
struct TemporaryResult : AllocationsByStack {
  std::vector<Amount> found;  // temporary blocks, by index of `rows`
  Amount sum;

  // Indexes of the rows with temporary blocks: most blocks first, because each costs time whatever its size; then most
  // bytes.
  std::vector<uint32_t> sorted_rows() const;
};

// `recordings` must outlive the result. `progress` may be null. Errors: Failure, exit code 3, when a profile does not
// contain each event.
TemporaryResult analyze(const TemporaryQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
