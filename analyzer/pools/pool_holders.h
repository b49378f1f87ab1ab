// Who holds the bytes in the pools that are in use: the used blocks by line, function or stack, over all images.
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
  uint64_t bytes = 0;            // of the blocks' classes
  uint64_t requested_bytes = 0;  // of the blocks themselves
};

class PoolHolders {
 public:
  // `tree` outlives this.
  PoolHolders(CallTree& tree, GroupBy by) : tree_(tree), by_(by) {}

  // `model` and `pools` are of one moment of `image`.
  void add(const Image& image, const HeapModel& model, const PoolTable& pools);
  // Most bytes first, then most blocks, then in order of appearance.
  std::vector<PoolHolder> take();

 private:
  CallTree& tree_;
  GroupBy by_;
  std::vector<PoolHolder> holders_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;  // by node
};

}  // namespace cistern::analyzer
