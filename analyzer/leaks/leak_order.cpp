#include "analyzer/leaks/leak_order.h"

#include <algorithm>
#include <unordered_map>

namespace cistern::analyzer {
namespace {

struct Line {
  NodeId own{};
  uint64_t bytes = 0;
  std::vector<const LeakGroup*> groups;
};

bool is_caller(const CallTree& tree, NodeId caller, NodeId node) {
  while (raw(node) > raw(caller)) node = tree.parent(node);
  return node == caller;
}

std::vector<Line> lines_of(const CallTree& tree, const std::vector<LeakGroup>& leaks) {
  std::vector<Line> lines;
  std::unordered_map<uint32_t, size_t> known;
  for (const LeakGroup& leak : leaks) {
    const NodeId own = own_line(tree, leak.stack);
    const auto [at, added] = known.try_emplace(raw(own), lines.size());
    if (added) lines.push_back({own, 0, {}});
    lines[at->second].bytes += leak.amount.bytes;
    lines[at->second].groups.push_back(&leak);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.bytes > b.bytes; });
  return lines;
}

// Moves a line behind the last of those that it calls.
void callers_last(const CallTree& tree, std::vector<Line>& lines) {
  std::vector<Line> ordered;
  std::vector<bool> placed(lines.size());
  while (ordered.size() < lines.size()) {
    for (size_t i = 0; i < lines.size(); ++i) {
      if (placed[i]) continue;
      bool waits = false;
      for (size_t other = 0; other < lines.size() && !waits; ++other) {
        waits = other != i && !placed[other] && is_caller(tree, lines[i].own, lines[other].own);
      }
      if (waits) continue;
      placed[i] = true;
      ordered.push_back(std::move(lines[i]));
      break;
    }
  }
  lines = std::move(ordered);
}

}  // namespace

NodeId own_line(const CallTree& tree, NodeId stack) {
  NodeId python = kRootNode;
  for (NodeId node = stack; node != kRootNode; node = tree.parent(node)) {
    if (is_own_code(tree.frame(node))) return node;
    if (python == kRootNode && tree.frame(node).kind == FrameKind::kPython) python = node;
  }
  return python == kRootNode ? stack : python;
}

void order_leaks(const CallTree& tree, std::vector<LeakGroup>& groups) {
  std::vector<LeakGroup> leaks;
  std::vector<LeakGroup> rest;
  for (LeakGroup& group : groups) (group.is_leak() ? leaks : rest).push_back(std::move(group));
  std::vector<Line> lines = lines_of(tree, leaks);
  constexpr size_t kMaxLines = 500;  // beyond, the order by bytes must do
  if (lines.size() <= kMaxLines) callers_last(tree, lines);
  groups.clear();
  for (const Line& line : lines) {
    for (const LeakGroup* leak : line.groups) groups.push_back(*leak);
  }
  for (LeakGroup& group : rest) groups.push_back(std::move(group));
}

}  // namespace cistern::analyzer
