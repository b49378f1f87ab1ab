#include "analyzer/render/export/collapsed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string plain_name_of(const Frame& frame) {
  switch (frame.kind) {
    case FrameKind::kBoundary:
      return "(thread)";
    case FrameKind::kTruncated:
      return "(truncated)";
    case FrameKind::kUnknown:
      return "(unknown)";
    case FrameKind::kSeveral:
      return "(several tasks)";
    case FrameKind::kNative:
      if (!frame.function.empty()) return fmt::format("{} ({})", frame.function, last_part(frame.module));
      return fmt::format("{}+0x{:x}", last_part(frame.module), frame.address);
    case FrameKind::kPython:
      break;
  }
  return fmt::format("{} ({}:{})", frame.function, last_part(frame.file), frame.line);
}

std::string name_of(const Frame& frame) {
  return plain_name_of(frame) + (frame.awaiting ? " (awaiting)" : "");
}

// A semicolon in a name would separate frames.
std::string clean(const std::string& name) {
  std::string text = printable(name);
  std::replace(text.begin(), text.end(), ';', ':');
  return text;
}

std::string line_of(const CallTree& tree, NodeId node) {
  const std::vector<const Frame*> frames = tree.stack(node);
  if (frames.empty()) return "(no Python stack)";
  std::string line;
  for (size_t i = frames.size(); i-- != 0;) line += (line.empty() ? "" : ";") + clean(name_of(*frames[i]));
  return line;
}

}  // namespace

std::string collapsed_stacks(const AllocationsByStack& by_stack, Measure measure, bool blocks) {
  std::map<std::string, uint64_t> counts;
  for (const StackRow& row : by_stack.rows) {
    const Amount& amount = row.figures.of(measure);
    const uint64_t count = blocks ? amount.blocks : amount.bytes;
    if (count != 0) counts[line_of(by_stack.tree, row.stack)] += count;
  }
  std::string text;
  for (const auto& [line, count] : counts) text += fmt::format("{} {}\n", line, count);
  return text;
}

}  // namespace cistern::analyzer
