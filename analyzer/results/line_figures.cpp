#include "analyzer/results/line_figures.h"

#include <algorithm>
#include <set>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/stack_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kNamedFiles = 5;

// Frames of all stacks that have an allocation.
template <typename F>
void for_each_frame(const AllocationsByStack& by_stack, F&& visit) {
  std::vector<bool> seen(by_stack.tree.size());
  for (const StackRow& row : by_stack.rows) {
    for (NodeId node = row.stack; node != kRootNode && !seen[raw(node)]; node = by_stack.tree.parent(node)) {
      seen[raw(node)] = true;
      visit(by_stack.tree.frame(node));
    }
  }
}

bool names(const std::string& wanted, std::string_view file) {
  std::string_view tail = wanted;
  while (tail.starts_with("./")) tail.remove_prefix(2);
  if (file == wanted || file == tail) return true;
  return !tail.starts_with('/') && file.size() > tail.size() && file.ends_with(tail) &&
         file[file.size() - tail.size() - 1] == '/';
}

std::string listed(const std::set<std::string_view>& files) {
  std::string text;
  size_t count = 0;
  for (const std::string_view file : files) {
    if (++count > kNamedFiles) return text + ", …";
    text += (text.empty() ? "" : ", ") + printable(file);
  }
  return text;
}

Failure no_such_file(const AllocationsByStack& by_stack, const std::string& wanted) {
  std::set<std::string_view> own;
  for_each_frame(by_stack, [&](const Frame& frame) {
    if (is_own_code(frame)) own.insert(frame.file);
  });
  const std::string there = own.empty() ? "" : "; there are " + listed(own);
  return usage_error(wanted + ": nothing was allocated below a line of it" + there);
}

NodeId innermost_in(const CallTree& tree, NodeId node, std::string_view file) {
  while (node != kRootNode && tree.frame(node).file != file) node = tree.parent(node);
  return node;
}

}  // namespace

std::string_view file_named(const AllocationsByStack& by_stack, const std::string& wanted) {
  std::set<std::string_view> found;
  for_each_frame(by_stack, [&](const Frame& frame) {
    if (!frame.file.empty() && names(wanted, frame.file)) found.insert(frame.file);
  });
  if (found.empty()) throw no_such_file(by_stack, wanted);
  if (found.contains(wanted)) return *found.find(wanted);
  if (found.size() > 1) throw usage_error(wanted + ": which of " + listed(found) + "?");
  return *found.begin();
}

FileFigures figures_of(const AllocationsByStack& by_stack, std::string_view file) {
  FileFigures result;
  result.file = file;
  for (const StackRow& row : by_stack.rows) {
    const NodeId node = innermost_in(by_stack.tree, row.stack, file);
    if (node == kRootNode) continue;
    const Frame& frame = by_stack.tree.frame(node);
    LineFigures& line = result.lines[frame.line];
    line.figures.add(row.figures);
    result.sum.add(row.figures);
    const uint64_t bytes = row.figures.allocated.bytes;
    if (line.function.empty() || bytes > line.greatest_bytes) {
      line.function = frame.function;
      line.greatest_bytes = bytes;
    }
  }
  return result;
}

}  // namespace cistern::analyzer
