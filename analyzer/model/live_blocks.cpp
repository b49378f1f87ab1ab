#include "analyzer/model/live_blocks.h"

namespace cistern::analyzer {

// A pool without a block takes the class of the next one.
void LiveBlocks::begin(Pool& pool, uint64_t address, uint64_t size_bytes) {
  const uint64_t stride = size_bytes == 0 ? 16 : (size_bytes + 15) / 16 * 16;
  if (stride > kLargestClass || stride == pool.stride) return;
  if ((address - pool.first_block) % stride != 0) return;  // it is no block of that class
  pool.stride = static_cast<uint16_t>(stride);
  pool.inverse = static_cast<uint32_t>(((uint64_t{1} << 32) + stride - 1) / stride);
  const uint64_t count = (map_.pool_bytes() - kHeaderBytes) / stride;
  pool.count = static_cast<uint16_t>(count);
  pool.slots = std::make_unique<Slot[]>(count);
}

// Puts a block that has no place in its pool; or has one, while it may be in the table, too.
bool LiveBlocks::put_stray(Pool& pool, uint32_t at, uint64_t address, const Block& block, Block& was) {
  bool known = pool.strays && take_elsewhere(address, was);
  if (at < pool.count && pool.slots[at].live()) {
    was = pool.slots[at].block();
    pool.slots[at].site_and_1 = 0;
    --pool.live;
    known = true;
  }
  if (at < pool.count && block.size_bytes <= UINT32_MAX) {
    pool.slots[at] = {block.birth, static_cast<uint32_t>(block.size_bytes), block.site + 1};
    ++pool.live;
    return known;
  }
  pool.strays = true;
  Block nothing;
  put_elsewhere(address, block, nothing);
  return known;
}

void LiveBlocks::make_arena(uint64_t base, uint64_t size_bytes) {
  give_back_arena(base);
  if (size_bytes == map_.pool_bytes() * kPoolsInArena) evict_range(base, kPoolsInArena);  // one not seen given back
  const uint32_t arena = map_.make(base, size_bytes);
  if (arena == PoolMap::kNowhere) return;
  pools_.resize(size_t{map_.arenas()} * kPoolsInArena);
  const PoolMap::Extent& extent = map_.extent(arena);
  bool strays = false;
  for (uint32_t i = 0; i < extent.pools; ++i) {
    const uint64_t begin = extent.first_pool + i * map_.pool_bytes();
    Pool& pool = pools_[size_t{arena} * kPoolsInArena + i];
    pool = {};
    pool.first_block = begin + kHeaderBytes;
    pool.strays = in_area(begin) != 0;
    strays |= pool.strays;
  }
  if (strays && elsewhere_.size() < kFewBlocks) look_for_strays(arena);
}

// Of the pools that may have strays, leaves those that have.
void LiveBlocks::look_for_strays(uint32_t arena) {
  for (uint32_t i = 0; i < kPoolsInArena; ++i) pools_[size_t{arena} * kPoolsInArena + i].strays = false;
  elsewhere_.for_each([&](uint64_t address, const Block&) {
    const uint32_t pool = map_.pool_at(address);
    if (pool != PoolMap::kNowhere && pool / kPoolsInArena == arena) pools_[pool].strays = true;
  });
}

// What is left in it stays live, until somebody sees its end.
void LiveBlocks::give_back_arena(uint64_t base) {
  const uint32_t arena = map_.arena_at(base);
  if (arena == PoolMap::kNowhere) return;
  const PoolMap::Extent extent = map_.extent(arena);
  evict_range(extent.first_pool, extent.pools);
  map_.give_back(base);
}

// Moves the blocks of the pools that so many pool sizes from `begin` on belong to now into the table.
void LiveBlocks::evict_range(uint64_t begin, uint32_t pools) {
  for (uint32_t i = 0; i < pools; ++i) {
    const uint32_t pool = map_.pool_at(begin + i * map_.pool_bytes());
    if (pool != PoolMap::kNowhere) evict(pools_[pool]);
  }
}

void LiveBlocks::evict(Pool& pool) {
  for (uint32_t i = 0; i < pool.count; ++i) {
    Block nothing;
    if (pool.slots[i].live()) put_elsewhere(pool.address_of(i), pool.slots[i].block(), nothing);
  }
  const uint64_t first_block = pool.first_block;
  pool = {};
  pool.first_block = first_block;
  pool.strays = true;
}

}  // namespace cistern::analyzer
