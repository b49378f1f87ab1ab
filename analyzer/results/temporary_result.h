// The result of `cistern temporary`: blocks that were freed soon after their allocation, by stack.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct TemporaryQuery : ReportQuery {
  size_t threshold = 1;  // as in TemporaryBlocks; at least 1
};

struct TemporaryResult {
  TemporaryQuery query;
  AllocationsByStack by_stack;  // of its figures only `allocated` is set
  std::vector<Amount> found;    // temporary blocks, by index of by_stack.rows
  Amount sum;

  // Indexes of the rows with temporary blocks: most blocks first, because each costs time whatever its size; then most
  // bytes.
  std::vector<uint32_t> sorted() const;
};

// `recordings` must outlive the result. `progress` may be null. Errors: Failure, exit code 3, when a profile does not
// contain each event.
TemporaryResult analyze(const Recordings& recordings, const TemporaryQuery& query, Progress* progress);

}  // namespace cistern::analyzer
