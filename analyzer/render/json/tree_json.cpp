#include "analyzer/render/json/tree_json.h"

#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

// A node and its distance from the root.
struct Visit {
  NodeId node{};
  size_t depth = 0;  // in frames
};

// Visits the tree depth first, the greatest branch first, without recursion. `visit` returns whether to visit the
// children.
template <typename F>
void walk(const BranchSums& sums, F&& visit) {
  std::vector<Visit> open = {{kRootNode, 0}};
  while (!open.empty()) {
    const Visit at = open.back();
    open.pop_back();
    if (at.node != kRootNode && !visit(at)) continue;
    const std::vector<NodeId>& children = sums.children(at.node);
    for (size_t i = children.size(); i-- != 0;) open.push_back({children[i], at.depth + 1});
  }
}

Json node_json(const AllocationsByStack& by_stack, const BranchSums& sums, NodeId node) {
  Json json = frame_json(by_stack.tree.frame(node));
  const NodeId parent = by_stack.tree.parent(node);
  json["id"] = raw(node);
  json["parent"] = parent == kRootNode ? Json(nullptr) : Json(raw(parent));
  json["bytes"] = sums.all(node).bytes;
  json["blocks"] = sums.all(node).blocks;
  json["own_bytes"] = sums.own(node).bytes;
  json["own_blocks"] = sums.own(node).blocks;
  return json;
}

}  // namespace

std::string tree_json(const TreeResult& result, const OutputOptions& output) {
  const AllocationsByStack& by_stack = result.by_stack;
  const BranchSums& sums = result.sums;
  Json nodes = Json::array();
  walk(sums, [&](const Visit& at) {
    if (at.depth > output.depth_or(0) || nodes.size() >= output.top_or(0)) return false;
    nodes.push_back(node_json(by_stack, sums, at.node));
    return true;
  });
  return json_text({
      {"schema", "cistern.tree/1"},
      {"complete", all_complete(by_stack.images)},
      {"at", result.query.at.text.empty() ? "end" : result.query.at.text},
      {"images", images_json(by_stack.images)},
      {"bytes", sums.all(kRootNode).bytes},
      {"blocks", sums.all(kRootNode).blocks},
      {"own_bytes", sums.own(kRootNode).bytes},
      {"own_blocks", sums.own(kRootNode).blocks},
      {"nodes", std::move(nodes)},
  });
}

}  // namespace cistern::analyzer
