#include "analyzer/pools/block_groups.h"

namespace cistern::analyzer {

NodeId group_of(CallTree& tree, NodeId stack, GroupBy by) {
  if (by == GroupBy::kStack) return stack;
  NodeId node = stack;
  while (node != kRootNode && tree.frame(node).kind != FrameKind::kPython) node = tree.parent(node);
  if (node == kRootNode) node = stack;
  if (node == kRootNode) return node;
  Frame frame = tree.frame(node);
  if (by == GroupBy::kFunction) frame.line = 0;
  return tree.child(kRootNode, tree.intern(frame));
}

NodeId SiteGroups::group(uint32_t site) {
  NodeId& found = found_[site];
  if (found == kUnresolved) found = group_of(tree_, resolver_.node_of(sites_.site(site).stack), by_);
  return found;
}

}  // namespace cistern::analyzer
