// All live blocks by address. A block in a pymalloc pool needs no look-up: the blocks of a pool have one size, so its
// address determines the pool and the slot. All other blocks, and blocks at an address where their pool has none, are
// in a hash table. Memory: 16 bytes for each slot of a pool with a live block; 32 to 40 for each other block.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/model/block.h"
#include "analyzer/model/block_table.h"
#include "analyzer/model/pool_map.h"

namespace cistern::analyzer {

class LiveBlocks {
 public:
  // Puts `block` at `address`. Returns whether a block was there; `was` is then that block.
  bool put(uint64_t address, const Block& block, Block& was) {
    const uint32_t number = map_.pool_at(address);
    if (number == PoolMap::kNowhere) return put_elsewhere(address, block, was);
    Pool& pool = pools_[number];
    if (pool.live == 0) [[unlikely]]
      begin(pool, address, block.size_bytes);
    const uint32_t at = place(pool, address);
    if (at >= pool.count || pool.strays || block.size_bytes > UINT32_MAX) [[unlikely]]
      return put_stray(pool, at, address, block, was);
    Slot& slot = pool.slots[at];
    const bool known = slot.live();
    if (known) was = slot.block();
    pool.live = static_cast<uint16_t>(pool.live + !known);
    slot = {block.birth, static_cast<uint32_t>(block.size_bytes), block.site + 1};
    return known;
  }

  // Removes the block at `address`. Returns whether one was there; `block` is then that block.
  bool take(uint64_t address, Block& block) {
    const uint32_t number = map_.pool_at(address);
    if (number == PoolMap::kNowhere) return take_elsewhere(address, block);
    Pool& pool = pools_[number];
    const uint32_t at = place(pool, address);
    if (at >= pool.count || !pool.slots[at].live()) [[unlikely]]
      return pool.strays && take_elsewhere(address, block);
    block = pool.slots[at].block();
    pool.slots[at].site_and_1 = 0;
    --pool.live;
    return true;
  }

  void prefetch(uint64_t address) const noexcept { elsewhere_.prefetch(address); }

  void make_arena(uint64_t base, uint64_t size_bytes);
  void give_back_arena(uint64_t base);

  // Calls visit(address, const Block&), in no particular order.
  template <typename F>
  void for_each(F&& visit) const {
    for_each_in_pools(visit);
    elsewhere_.for_each(visit);
  }
  // The blocks in pools, and the others.
  template <typename F>
  void for_each_in_pools(F&& visit) const {
    for (const Pool& pool : pools_) {
      for (uint32_t i = 0; i < pool.count && pool.live != 0; ++i) {
        if (pool.slots[i].live()) visit(pool.address_of(i), pool.slots[i].block());
      }
    }
  }
  const BlockTable& elsewhere() const noexcept { return elsewhere_; }

 private:
  static constexpr uint64_t kHeaderBytes = 48;  // of a pool, CPython's Objects/obmalloc.c, 3.8 to 3.13
  static constexpr uint64_t kLargestClass = 512;
  static constexpr size_t kAreas = 4096;
  static constexpr unsigned kAreaShift = 20;
  static constexpr uint64_t kFewBlocks = 1 << 16;

  struct Slot {
    uint64_t birth = 0;
    uint32_t size_bytes = 0;
    uint32_t site_and_1 = 0;  // 0: no block
    bool live() const noexcept { return site_and_1 != 0; }
    Block block() const noexcept { return {size_bytes, birth, site_and_1 - 1}; }
  };
  static_assert(sizeof(Slot) == 16);

  struct Pool {
    std::unique_ptr<Slot[]> slots;
    uint64_t first_block = 0;  // the address
    uint32_t inverse = 0;      // 2^32 / stride, rounded up
    uint16_t stride = 1;       // the class's bytes
    uint16_t count = 0;        // of slots
    uint16_t live = 0;         // of them
    bool strays = false;       // the hash table may hold blocks that lie in this pool
    uint64_t address_of(uint32_t i) const noexcept { return first_block + uint64_t{i} * stride; }
  };

  // The number of the pool's block that begins at `address`; UINT32_MAX when none does. Exact for offsets below 2^16
  // and strides up to 512.
  static uint32_t place(const Pool& pool, uint64_t address) noexcept {
    const auto offset = static_cast<uint32_t>(address - pool.first_block);
    const auto at = static_cast<uint32_t>(uint64_t{offset} * pool.inverse >> 32);
    return at * pool.stride == offset ? at : UINT32_MAX;
  }

  void begin(Pool& pool, uint64_t address, uint64_t size_bytes);
  bool put_stray(Pool& pool, uint32_t at, uint64_t address, const Block& block, Block& was);
  bool put_elsewhere(uint64_t address, const Block& block, Block& was) {
    const bool known = elsewhere_.put(address, block, was);
    in_area(address) += !known;
    return known;
  }
  bool take_elsewhere(uint64_t address, Block& block) {
    const bool known = elsewhere_.take(address, block);
    in_area(address) -= known;
    return known;
  }
  uint32_t& in_area(uint64_t address) noexcept { return in_areas_[(address >> kAreaShift) % kAreas]; }
  void look_for_strays(uint32_t arena);
  void evict_range(uint64_t begin, uint32_t pools);
  void evict(Pool& pool);

  PoolMap map_;
  std::vector<Pool> pools_;  // by number
  BlockTable elsewhere_;
  // The number of blocks in the table for each MiB, modulo kAreas: an arena may be made where the table has blocks.
  std::array<uint32_t, kAreas> in_areas_{};
};

}  // namespace cistern::analyzer
