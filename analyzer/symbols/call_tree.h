// All stacks of a report as one tree. A node has a frame and the node of its caller. Node 0 is the root: the empty
// stack. The id of a node is greater than the id of its parent. Not thread-safe.
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

// Which native frames a tree contains, and where their names come from.
struct NativeView {
  bool internals = false;  // include frames of the interpreter and the loader
  bool look_up = true;     // names that are not in the profiles come from the files on this machine
};

class CallTree {
 public:
  explicit CallTree(NativeView view = {}) : view_(view), nodes_(1) {}

  const NativeView& native_view() const noexcept { return view_; }
  // Created by the first call. Its names live as long as the tree.
  Symbolizer& symbolizer();
  // Null before the first call of symbolizer().
  const Symbolizer* known_symbolizer() const noexcept { return symbolizer_.get(); }

  FrameId intern(const Frame& frame);
  NodeId child(NodeId parent, FrameId frame);
  // Returns the stack of `node` without its awaiting frames: only frames that called each other.
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
  std::vector<NodeId> called_;  // by node: the result of called(), for the nodes requested so far
  std::vector<Frame> frames_;
  tsl::robin_map<Frame, FrameId, FrameHash> frame_ids_;
  tsl::robin_map<uint64_t, NodeId, MixedHash> children_;  // parent << 32 | frame
};

}  // namespace cistern::analyzer
