// Sums over the pools of one image, or of several images.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/pools/pool_search.h"

namespace cistern::analyzer {

struct ClassFigures {
  uint64_t pools = 0;
  uint64_t used = 0;  // blocks
  uint64_t free = 0;  // blocks, in pools in use
};

// arena_bytes is the sum of the six other byte figures.
struct PoolFigures {
  uint64_t arenas = 0;
  uint64_t arena_bytes = 0;
  uint64_t requested_bytes = 0;
  uint64_t rounding_bytes = 0;     // requests rounded up to their size classes
  uint64_t free_block_bytes = 0;   // in pools in use: usable for blocks of the same class only
  uint64_t free_pool_bytes = 0;    // in arenas with a used block: usable for any class
  uint64_t empty_arena_bytes = 0;  // free pools of arenas without a used block
  uint64_t overhead_bytes = 0;     // pool headers, and remainders too short for a block or a pool
  uint64_t pools_in_use = 0;
  uint64_t free_pools = 0;
  uint64_t used_blocks = 0;
  std::array<ClassFigures, kSizeClasses> classes{};

  uint64_t used_bytes() const noexcept { return requested_bytes + rounding_bytes; }
  uint64_t held_unused_bytes() const noexcept { return arena_bytes - used_bytes(); }
};

PoolFigures figures_of(const std::vector<ImagePools>& images);
PoolFigures figures_of(const PoolTable& pools);

}  // namespace cistern::analyzer
