// Puts blocks in pools together by who asked for them: by whole stack, or by its innermost Python line or function.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/model/sites.h"
#include "analyzer/read/image.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {

enum class GroupBy : uint8_t { kStack, kLine, kFunction };

// The node that stands for `stack`'s group: itself, or a stack of one frame. The root for a stack without a frame.
NodeId group_of(CallTree& tree, NodeId stack, GroupBy by);

// The same for the sites of one image, each resolved once, when it is asked for.
class SiteGroups {
 public:
  // All outlive this.
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
