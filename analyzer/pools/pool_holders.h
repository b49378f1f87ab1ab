// The used blocks in pools, summed by the line, function or stack that allocated them, over all images. Not
// thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/model/heap_model.h"
#include "analyzer/pools/block_groups.h"
#include "analyzer/pools/pool_table.h"
#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {

struct PoolHolder {
  NodeId stack{};
  uint64_t blocks = 0;
  uint64_t bytes = 0;            // rounded up to the blocks' size classes
  uint64_t requested_bytes = 0;  // as requested by the program
};

class PoolHolders {
 public:
  // Requires: `tree` outlives this object.
  PoolHolders(CallTree& tree, GroupBy by) : tree_(tree), by_(by) {}

  // Adds an image. `model` and `pools` are the state of `image` at one moment.
  void add(const Image& image, const HeapModel& model, const PoolTable& pools);
  // Returns the holders and empties this object. Order: most bytes, then most blocks, then first appearance.
  std::vector<PoolHolder> take();

 private:
  CallTree& tree_;
  GroupBy by_;
  std::vector<PoolHolder> holders_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;  // by node
};

}  // namespace cistern::analyzer
