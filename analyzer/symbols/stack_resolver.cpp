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

constexpr uint64_t kRunFramesAtLeast = 1 << 20;
constexpr uint64_t kRunFramesPerNode = 32;

NativeAddress address_of(const StackNode& native) {
  return {ModuleId{native.a}, static_cast<uint64_t>(native.b)};
}

Frame special(FrameKind kind, std::string_view text) {
  Frame frame;
  frame.kind = kind;
  frame.function = text;
  return frame;
}

}  // namespace

// Walks towards the root up to a resolved node, then creates the tree's nodes on the way back.
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
    node = append(node, found == nullptr ? StackNode{} : *found);
    resolved_.insert({raw(path_.back()), node});
  }
  return node;
}

NodeId StackResolver::append(NodeId caller, const StackNode& node) {
  if (node.kind == NodeKind::kNativeRun) return append_run(caller, StackId{node.a});
  if (node.kind != NodeKind::kNative) return tree_.child(caller, tree_.intern(frame_of(node)));
  NodeId at = caller;
  for (const FrameId frame : native_frames_.find(address_of(node))) {
    at = tree_.child(at, frame);
  }
  return at;
}

// Appends a run of native frames. When unwinding stopped in the interpreter or in the loader, the node that says so is
// left out. So are the frames of libc at the begin of a stack.
NodeId StackResolver::append_run(NodeId caller, StackId innermost) {
  NodeId outermost = caller;
  if (!take_chain(innermost)) {
    outermost = tree_.child(caller, tree_.intern(special(FrameKind::kTruncated, reason_of(0))));
  } else if (chain_.back().kind != NodeKind::kNative) {
    const StackNode end = chain_.back();
    chain_.pop_back();
    const bool left_out = !chain_.empty() && native_frames_.find(address_of(chain_.back())).empty();
    if (!left_out || end.kind != NodeKind::kUnknown) outermost = append(caller, end);
  }
  const bool native = !chain_.empty();
  const bool begins = caller == kRootNode || tree_.frame(caller).kind == FrameKind::kBoundary;
  while (begins && outermost == caller && !chain_.empty() && native_frames_.begins_stacks(address_of(chain_.back()))) {
    chain_.pop_back();
  }
  NodeId at = outermost;
  for (; !chain_.empty(); chain_.pop_back()) at = append(at, chain_.back());
  return native && at == outermost ? caller : at;
}

// Copies the nodes of a native run to chain_. A node of another kind ends the run as an unknown frame. Returns false
// when the run is longer than the limit.
bool StackResolver::take_chain(StackId innermost) {
  chain_.clear();
  const uint64_t limit = kRunFramesAtLeast + kRunFramesPerNode * definitions_.nodes.count();
  StackId at = innermost;
  do {
    if (chain_.size() >= kMaxRunFrames || run_frames_ >= limit) return false;
    const StackNode* found = definitions_.nodes.find(at);
    StackNode node = found == nullptr ? StackNode{} : *found;
    const bool native = node.kind == NodeKind::kNative;
    if (!native && node.kind != NodeKind::kTruncated) node = StackNode{};
    chain_.push_back(node);
    ++run_frames_;
    at = native ? node.parent : StackId{};
  } while (raw(at) != 0);
  return true;
}

Frame StackResolver::frame_of(const StackNode& node) {
  switch (node.kind) {
    case NodeKind::kPython:
      return python_frame(node);
    case NodeKind::kAwaiting:
      return awaiting_frame(node);
    case NodeKind::kBoundary:
      return special(FrameKind::kBoundary, "[thread started at]");
    case NodeKind::kTruncated:
      return special(FrameKind::kTruncated, reason_of(node.a));
    case NodeKind::kUnknown:
    case NodeKind::kNative:
    case NodeKind::kNativeRun:
      break;
  }
  return special(FrameKind::kUnknown, "[unknown]");
}

Frame StackResolver::awaiting_frame(const StackNode& node) {
  Frame frame = node.a == 0 ? special(FrameKind::kSeveral, "[several tasks]") : python_frame(node);
  frame.awaiting = true;
  return frame;
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

uint32_t StackResolver::line_of(CodeId id, const Code& code, int64_t offset) {
  const auto known = lines_.find(raw(id));
  if (known != lines_.end()) return line_at(known->second, offset, code.first_line);
  auto ranges = decode_line_table(code.table_kind, code.table, code.first_line);
  return line_at(lines_.insert({raw(id), std::move(ranges)}).first->second, offset, code.first_line);
}

}  // namespace cistern::analyzer
