#include "analyzer/symbols/call_tree.h"

#include <functional>

#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {

size_t CallTree::FrameHash::operator()(const Frame& frame) const noexcept {
  const std::hash<std::string_view> hash;
  uint64_t bits = hash(frame.function);
  bits = bits * 0x9E3779B97F4A7C15u + hash(frame.file);
  bits = bits * 0x9E3779B97F4A7C15u + hash(frame.module);
  bits = bits * 0x9E3779B97F4A7C15u + frame.distinct_address();
  bits = bits * 0x9E3779B97F4A7C15u +
         (uint64_t{frame.line} << 9 | uint64_t{frame.awaiting} << 8 | static_cast<uint64_t>(frame.kind));
  return static_cast<size_t>(bits ^ bits >> 32);
}

FrameId CallTree::intern(const Frame& frame) {
  const auto [at, added] = frame_ids_.insert({frame, FrameId{static_cast<uint32_t>(frames_.size())}});
  if (added) frames_.push_back(frame);
  return at->second;
}

NodeId CallTree::child(NodeId parent, FrameId frame) {
  const uint64_t key = (uint64_t{raw(parent)} << 32 | raw(frame)) * 0x9E3779B97F4A7C15u;
  const auto [at, added] = children_.insert({key, NodeId{static_cast<uint32_t>(nodes_.size())}});
  if (added) nodes_.push_back({parent, frame});
  return at->second;
}

// A parent has a smaller id, so its result is already known.
NodeId CallTree::called(NodeId node) {
  while (called_.size() <= raw(node)) {
    const NodeId at{static_cast<uint32_t>(called_.size())};
    if (at == kRootNode) {
      called_.push_back(kRootNode);
      continue;
    }
    const NodeId caller = called_[raw(parent(at))];
    if (frame(at).awaiting) {
      called_.push_back(caller);
    } else {
      called_.push_back(caller == parent(at) ? at : child(caller, frame_id(at)));
    }
  }
  return called_[raw(node)];
}

Symbolizer& CallTree::symbolizer() {
  if (symbolizer_ == nullptr) symbolizer_ = std::make_shared<Symbolizer>();
  return *symbolizer_;
}

std::vector<const Frame*> CallTree::stack(NodeId node) const {
  std::vector<const Frame*> frames;
  for (; node != kRootNode; node = parent(node)) frames.push_back(&frame(node));
  return frames;
}

}  // namespace cistern::analyzer
