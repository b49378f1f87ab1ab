#include "analyzer/pools/pool_figures.h"

namespace cistern::analyzer {
namespace {

void add(const PoolTable& pools, PoolFigures& sum) {
  sum.arenas += pools.arenas();
  sum.arena_bytes += pools.arena_bytes();
  sum.requested_bytes += pools.requested_bytes();
  sum.rounding_bytes += pools.used_bytes() - pools.requested_bytes();
  sum.free_block_bytes += pools.free_block_bytes();
  sum.overhead_bytes += pools.overhead_bytes();
  sum.pools_in_use += pools.pools_in_use();
  sum.free_pools += pools.free_pools();
  sum.used_blocks += pools.used_blocks();
  uint64_t empty_pools = 0;
  for (uint32_t i = 0; i < pools.arena_slots(); ++i) {
    const PoolArena arena = pools.arena(i);
    if (arena.used_blocks == 0) empty_pools += arena.pools;
  }
  sum.empty_arena_bytes += empty_pools * pools.pool_bytes();
  sum.free_pool_bytes += (pools.free_pools() - empty_pools) * pools.pool_bytes();
  const std::array<PoolClass, kSizeClasses> classes = pools.classes();
  for (size_t i = 0; i < kSizeClasses; ++i) {
    sum.classes[i].pools += classes[i].pools;
    sum.classes[i].used += classes[i].used;
    if (classes[i].pools != 0) sum.classes[i].free += pools.free_blocks(i, classes[i]);
  }
}

}  // namespace

PoolFigures figures_of(const PoolTable& pools) {
  PoolFigures sum;
  add(pools, sum);
  return sum;
}

PoolFigures figures_of(const std::vector<ImagePools>& images) {
  PoolFigures sum;
  for (const ImagePools& image : images) add(image.pools, sum);
  return sum;
}

}  // namespace cistern::analyzer
