// Maps the stack ids of one image to nodes of a call tree. Each id is resolved once, without recursion, because a chain
// may be as long as the profile. An undefined id becomes a frame of kind kUnknown. The number of frames is bounded,
// even for a hostile profile: kMaxRunFrames for one run of native frames, and about thirty for each defined node in all
// runs together. Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/read/image.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/line_table.h"
#include "analyzer/symbols/native_frames.h"

namespace cistern::analyzer {

class StackResolver {
 public:
  // Requires: both outlive this object.
  StackResolver(const Image& image, CallTree& tree)
      : definitions_(image.definitions), tree_(tree), native_frames_(image, tree) {}

  static constexpr size_t kMaxRunFrames = 512;

  NodeId node_of(StackId stack);

 private:
  Frame frame_of(const StackNode& node);
  NodeId append(NodeId caller, const StackNode& node);
  NodeId append_run(NodeId caller, StackId innermost);
  bool take_chain(StackId innermost);
  Frame awaiting_frame(const StackNode& node);
  Frame python_frame(const StackNode& node);
  uint32_t line_of(CodeId id, const Code& code, int64_t offset);

  const Definitions& definitions_;
  CallTree& tree_;
  NativeFrames native_frames_;
  tsl::robin_map<uint32_t, NodeId, MixedHash> resolved_;
  tsl::robin_map<uint32_t, std::vector<LineRange>, MixedHash> lines_;  // by CodeId
  std::vector<StackId> path_;
  std::vector<StackNode> chain_;  // nodes of the current run, innermost first
  uint64_t run_frames_ = 0;       // frames of all runs so far
};

}  // namespace cistern::analyzer
