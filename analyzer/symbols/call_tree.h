// All stacks of a report as one tree: a node is a frame and the node of its caller; node 0 is the root, the empty
// stack. A parent's id is smaller than its children's. Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/frame.h"
#include "cistern/format/ids.h"

namespace cistern::analyzer {

enum class NodeId : uint32_t {};
enum class FrameId : uint32_t {};
constexpr NodeId kRootNode{0};

class Symbolizer;

// Which native frames there are in a tree, and where their names come from.
struct NativeView {
  bool internals = false;  // those of the interpreter and the loader, too
  bool look_up = true;     // names that the profiles do not have: in the files on this machine
};

class CallTree {
 public:
  explicit CallTree(NativeView view = {}) : view_(view), nodes_(1) {}

  const NativeView& native_view() const noexcept { return view_; }
  // Made when first asked for; the names that it found live as long as the tree.
  Symbolizer& symbolizer();
  // Null when nobody asked.
  const Symbolizer* known_symbolizer() const noexcept { return symbolizer_.get(); }

  FrameId intern(const Frame& frame);
  NodeId child(NodeId parent, FrameId frame);
  // The same stack without the frames that await: what called what alone.
  NodeId called(NodeId node);

  size_t size() const noexcept { return nodes_.size(); }
  NodeId parent(NodeId node) const noexcept { return nodes_[raw(node)].parent; }
  // Requires: not the root.
  FrameId frame_id(NodeId node) const noexcept { return nodes_[raw(node)].frame; }
  const Frame& frame(NodeId node) const noexcept { return frames_[raw(nodes_[raw(node)].frame)]; }
  const Frame& frame(FrameId frame) const noexcept { return frames_[raw(frame)]; }
  size_t frames() const noexcept { return frames_.size(); }

  // Frames from `node` to the root, innermost first.
  std::vector<const Frame*> stack(NodeId node) const;

 private:
  struct Node {
    NodeId parent{};
    FrameId frame{};
  };
  struct FrameHash {
    size_t operator()(const Frame& frame) const noexcept;
  };

  NativeView view_;
  std::shared_ptr<Symbolizer> symbolizer_;
  std::vector<Node> nodes_;
  std::vector<NodeId> called_;  // by node, as far as it was asked for: called() of it
  std::vector<Frame> frames_;
  tsl::robin_map<Frame, FrameId, FrameHash> frame_ids_;
  tsl::robin_map<uint64_t, NodeId, MixedHash> children_;  // parent << 32 | frame
};

}  // namespace cistern::analyzer
