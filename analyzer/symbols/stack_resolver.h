// From one image's stack ids to nodes of a call tree. Resolves a node once, and without recursion: chains may be as
// long as the profile. Undefined ids become a frame of kind kUnknown. Of a run of native frames at most kMaxRunFrames
// are shown, and of all runs together some thirty for each node that is defined: what says more is no recording.
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
  // Both outlive this.
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
  std::vector<StackNode> chain_;  // of a run, innermost first
  uint64_t run_frames_ = 0;       // of all runs so far
};

}  // namespace cistern::analyzer
