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

Json node_json(const TreeResult& result, NodeId node) {
  Json json = frame_json(result.tree.frame(node));
  const NodeId parent = result.tree.parent(node);
  json["id"] = raw(node);
  json["parent"] = parent == kRootNode ? Json(nullptr) : Json(raw(parent));
  json["bytes"] = result.sums.all(node).bytes;
  json["blocks"] = result.sums.all(node).blocks;
  json["own_bytes"] = result.sums.own(node).bytes;
  json["own_blocks"] = result.sums.own(node).blocks;
  return json;
}

}  // namespace

std::string tree_json(const TreeResult& result, const TreeQuery& query, const OutputOptions& output) {
  Json nodes = Json::array();
  walk(result.sums, [&](const Visit& at) {
    if (at.depth > output.depth_or(0) || nodes.size() >= output.top_or(0)) return false;
    nodes.push_back(node_json(result, at.node));
    return true;
  });
  return json_text({
      {"schema", "cistern.tree/1"},
      {"complete", all_complete(result.images)},
      {"incomplete_because", reasons_json(result.images)},
      {"at", query.report.at.text.empty() ? "end" : query.report.at.text},
      {"images", images_json(result.images)},
      {"bytes", result.sums.all(kRootNode).bytes},
      {"blocks", result.sums.all(kRootNode).blocks},
      {"own_bytes", result.sums.own(kRootNode).bytes},
      {"own_blocks", result.sums.own(kRootNode).blocks},
      {"nodes", std::move(nodes)},
  });
}

}  // namespace cistern::analyzer
