// What each branch of a call tree holds: a node's own amount, and that of all that it called.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

class BranchSums {
 public:
  // Cost: one pass over the rows and two over the tree; nothing is recursive, stacks may be deep.
  BranchSums(const AllocationsByStack& by_stack, Measure measure);

  const Amount& own(NodeId node) const noexcept { return own_[raw(node)]; }
  const Amount& all(NodeId node) const noexcept { return all_[raw(node)]; }
  // Those that hold anything, most bytes first, then most blocks.
  const std::vector<NodeId>& children(NodeId node) const noexcept { return children_[raw(node)]; }

 private:
  std::vector<Amount> own_;
  std::vector<Amount> all_;
  std::vector<std::vector<NodeId>> children_;
};

}  // namespace cistern::analyzer
