// Groups the blocks in pools by the code that allocated them: by the whole stack, or by the innermost Python line or
// function of the stack. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/model/sites.h"
#include "analyzer/read/image.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {

enum class GroupBy : uint8_t { kStack, kLine, kFunction };

// Returns the node that represents the group of `stack`: `stack` itself for kStack, otherwise a stack of one frame. A
// stack without frames belongs to the root.
NodeId group_of(CallTree& tree, NodeId stack, GroupBy by);

// The group of each site of one image. A site is resolved on the first request for it.
class SiteGroups {
 public:
  // Requires: the references outlive this object.
  SiteGroups(const Image& image, const Sites& sites, CallTree& tree, GroupBy by)
      : resolver_(image, tree), sites_(sites), tree_(tree), by_(by), found_(sites.size(), kUnresolved) {}

  NodeId group(uint32_t site);

 private:
  static constexpr NodeId kUnresolved{UINT32_MAX};
  StackResolver resolver_;
  const Sites& sites_;
  CallTree& tree_;
  GroupBy by_;
  std::vector<NodeId> found_;
};

}  // namespace cistern::analyzer
