#include "analyzer/results/lines_result.h"

#include <algorithm>
#include <set>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kNamedFiles = 5;

// Visits each frame of each stack that has an allocation.
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

// Whether `wanted` is `file`, or its last path components.
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
    if (!text.empty()) text += ", ";
    text += file;
  }
  return text;
}

Failure no_such_file(const AllocationsByStack& by_stack, const std::string& wanted) {
  std::set<std::string_view> own;
  for_each_frame(by_stack, [&](const Frame& frame) {
    if (is_own_code(frame)) own.insert(frame.file);
  });
  const std::string known = own.empty() ? "" : " (recorded: " + listed(own) + ")";
  return usage_error(wanted + ": no recorded allocation has a line of this file in its stack" + known);
}

// Returns the innermost node of `file` on the path from `node` to the root; the root when there is none.
NodeId innermost_in(const CallTree& tree, NodeId node, std::string_view file) {
  while (node != kRootNode && tree.frame(node).file != file) node = tree.parent(node);
  return node;
}

// Returns the only recorded file that `wanted` names: the whole path, or its last components.
std::string_view file_named(const AllocationsByStack& by_stack, const std::string& wanted) {
  std::set<std::string_view> found;
  for_each_frame(by_stack, [&](const Frame& frame) {
    if (!frame.file.empty() && names(wanted, frame.file)) found.insert(frame.file);
  });
  if (found.empty()) throw no_such_file(by_stack, wanted);
  if (found.contains(wanted)) return *found.find(wanted);
  if (found.size() > 1) {
    throw usage_error(wanted + ": several recorded files end with this path: " + listed(found) + " (name one of them)");
  }
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

// The recorded path, the path relative to the recorded working directories, and the path that the user gave.
std::vector<std::string> source_paths(const Recordings& recordings, std::string_view file, const std::string& wanted) {
  std::vector<std::string> paths;
  if (file.starts_with('/')) paths.emplace_back(file);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      if (file.starts_with('/') || !image.process_events.image) continue;
      paths.push_back(std::string(image.process_events.image->directory) + "/" + std::string(file));
    }
  }
  paths.push_back(wanted);
  return paths;
}

}  // namespace

LinesResult analyze(const LinesQuery& query, const Recordings& recordings, Progress* progress) {
  LinesResult result{allocations_by_stack(recordings, query.report, progress), {}, {}, 0};
  result.file = figures_of(result, file_named(result, query.file));
  result.source_paths = source_paths(recordings, result.file.file, query.file);
  for (const ImageFacts& facts : result.images) {
    result.recorded_unix_ns = std::max(result.recorded_unix_ns, facts.start_unix_ns);
  }
  return result;
}

}  // namespace cistern::analyzer
