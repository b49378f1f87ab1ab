#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {
namespace {

std::string_view reason_of(uint32_t reason) {
  switch (static_cast<TruncationReason>(reason)) {
    case TruncationReason::kDepth:
      return "[deeper frames were cut]";
    case TruncationReason::kStackTableFull:
      return "[stack table full]";
  }
  return "[cut]";
}

Frame special(FrameKind kind, std::string_view text) {
  Frame frame;
  frame.kind = kind;
  frame.function = text;
  return frame;
}

}  // namespace

// Walks towards the root until a node that is known, then makes the tree's nodes on the way back.
NodeId StackResolver::node_of(StackId stack) {
  path_.clear();
  NodeId node = kRootNode;
  while (raw(stack) != 0) {
    const auto known = resolved_.find(raw(stack));
    if (known != resolved_.end()) {
      node = known->second;
      break;
    }
    path_.push_back(stack);
    const StackNode* found = definitions_.nodes.find(stack);
    stack = found == nullptr ? StackId{} : found->parent;
  }
  for (; !path_.empty(); path_.pop_back()) {
    const StackNode* found = definitions_.nodes.find(path_.back());
    node = tree_.child(node, tree_.intern(frame_of(found == nullptr ? StackNode{} : *found)));
    resolved_.insert({raw(path_.back()), node});
  }
  return node;
}

Frame StackResolver::frame_of(const StackNode& node) {
  switch (node.kind) {
    case NodeKind::kPython:
      return python_frame(node);
    case NodeKind::kNative:
      return native_frame(node);
    case NodeKind::kBoundary:
      return special(FrameKind::kBoundary, "[thread started at]");
    case NodeKind::kTruncated:
      return special(FrameKind::kTruncated, reason_of(node.a));
    case NodeKind::kUnknown:
      break;
  }
  return special(FrameKind::kUnknown, "[unknown]");
}

Frame StackResolver::python_frame(const StackNode& node) {
  const CodeId id{node.a};
  const Code* code = definitions_.codes.find(id);
  if (code == nullptr) return special(FrameKind::kUnknown, "[unknown Python function]");
  Frame frame;
  frame.kind = FrameKind::kPython;
  frame.function = definitions_.text(code->name);
  frame.file = definitions_.text(code->file);
  frame.line = line_of(id, *code, node.b);
  return frame;
}

Frame StackResolver::native_frame(const StackNode& node) const {
  Frame frame;
  frame.kind = FrameKind::kNative;
  if (const Module* module = definitions_.modules.find(ModuleId{node.a})) frame.module = module->path;
  frame.address = static_cast<uint64_t>(node.b);
  return frame;
}

uint32_t StackResolver::line_of(CodeId id, const Code& code, int64_t offset) {
  const auto known = lines_.find(raw(id));
  if (known != lines_.end()) return line_at(known->second, offset, code.first_line);
  auto ranges = decode_line_table(code.table_kind, code.table, code.first_line);
  return line_at(lines_.insert({raw(id), std::move(ranges)}).first->second, offset, code.first_line);
}

}  // namespace cistern::analyzer
