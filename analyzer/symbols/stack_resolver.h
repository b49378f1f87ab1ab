// From one image's stack ids to nodes of a call tree. Resolves a node once, and without recursion: chains may be as
// long as the profile. Undefined ids become a frame of kind kUnknown.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/read/definitions.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/line_table.h"

namespace cistern::analyzer {

class StackResolver {
 public:
  // Both outlive this.
  StackResolver(const Definitions& definitions, CallTree& tree) : definitions_(definitions), tree_(tree) {}

  NodeId node_of(StackId stack);

  // The frame of one stack node, without its callers.
  Frame frame_of(const StackNode& node);

 private:
  Frame python_frame(const StackNode& node);
  Frame native_frame(const StackNode& node) const;
  uint32_t line_of(CodeId id, const Code& code, int64_t offset);

  const Definitions& definitions_;
  CallTree& tree_;
  tsl::robin_map<uint32_t, NodeId, MixedHash> resolved_;
  tsl::robin_map<uint32_t, std::vector<LineRange>, MixedHash> lines_;  // by CodeId
  std::vector<StackId> path_;
};

}  // namespace cistern::analyzer
