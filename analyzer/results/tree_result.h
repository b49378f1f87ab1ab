// The result of `cistern tree`: live memory by call path. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct TreeQuery {
  ReportQuery report;
};

// Sums of one measure over a call tree: for each node, its own amount and the amount of its whole branch.
class BranchSums {
 public:
  // Cost: one pass over the rows and two over the tree. Not recursive, because stacks may be deep.
  BranchSums(const AllocationsByStack& by_stack, Measure measure);

  // Allocated by the node's frame itself.
  const Amount& own(NodeId node) const noexcept { return own_[raw(node)]; }
  // Allocated by the node's frame and by all frames below it.
  const Amount& all(NodeId node) const noexcept { return all_[raw(node)]; }
  // The children with at least one block: most bytes first, then most blocks.
  const std::vector<NodeId>& children(NodeId node) const noexcept { return children_[raw(node)]; }

 private:
  std::vector<Amount> own_;
  std::vector<Amount> all_;
  std::vector<std::vector<NodeId>> children_;
};

struct TreeResult : AllocationsByStack {
  BranchSums sums;  // live amounts
};

// `recordings` must outlive the result. `progress` may be null. Errors: Failure, exit code 2, when a profile has no
// such moment.
TreeResult analyze(const TreeQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
