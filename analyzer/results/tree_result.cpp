#include "analyzer/results/tree_result.h"

#include <algorithm>

namespace cistern::analyzer {
BranchSums::BranchSums(const AllocationsByStack& by_stack, Measure measure)
    : own_(by_stack.tree.size()), all_(by_stack.tree.size()), children_(by_stack.tree.size()) {
  for (const StackRow& row : by_stack.rows) own_[raw(row.stack)] += row.figures.of(measure);
  for (uint32_t node = static_cast<uint32_t>(own_.size()); node-- != 0;) {  // the id of a parent is smaller
    all_[node] += own_[node];
    if (node == 0 || all_[node].blocks == 0) continue;
    const NodeId parent = by_stack.tree.parent(NodeId{node});
    all_[raw(parent)] += all_[node];
    children_[raw(parent)].push_back(NodeId{node});
  }
  for (std::vector<NodeId>& children : children_) {
    std::sort(children.begin(), children.end(), [&](NodeId a, NodeId b) {
      const Amount& left = all(a);
      const Amount& right = all(b);
      if (left.bytes != right.bytes) return left.bytes > right.bytes;
      return left.blocks != right.blocks ? left.blocks > right.blocks : raw(a) < raw(b);
    });
  }
}

TreeResult analyze(const TreeQuery& query, const Recordings& recordings, Progress* progress) {
  AllocationsByStack by_stack = allocations_by_stack(recordings, query.report, progress);
  BranchSums sums(by_stack, Measure::kLive);
  return {std::move(by_stack), std::move(sums)};
}

}  // namespace cistern::analyzer
