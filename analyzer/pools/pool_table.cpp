#include "analyzer/pools/pool_table.h"

namespace cistern::analyzer {

// In place the block stays, and so does its class. A moved block is in its new pool before it leaves the old one.
void PoolTable::on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address,
                           const Block& block) {
  if (old_address != address) {
    on_alloc(time, address, block);
    return on_free(time, old_address, was);
  }
  if (!is_small(was.size_bytes) || !is_small(block.size_bytes)) return;
  const uint32_t at = find(address);
  if (at == kNowhere || table_[at].used == 0) return;
  table_[at].requested_bytes += static_cast<uint32_t>(block.size_bytes - was.size_bytes);
  requested_bytes_ += block.size_bytes - was.size_bytes;
}

void PoolTable::on_arena_made(uint64_t time, uint64_t address, const Arena& arena) {
  if (!set_geometry(arena.size_bytes)) return static_cast<void>(++unknown_arenas_);
  on_arena_freed(time, address);
  const uint64_t end = (address + arena.size_bytes) >> pool_shift_;
  const uint64_t begin = (address + pool_bytes() - 1) >> pool_shift_;
  const uint32_t slot = free_slot();
  slots_[slot] = {address, time, begin << pool_shift_, static_cast<uint32_t>(end - begin)};
  slot_of_arena_[address] = slot;
  for (uint64_t number = begin; number < end; ++number) {
    by_number_[number] = first_pool_of(slot) + static_cast<uint32_t>(number - begin);
    cache_[number % kCacheLines] = {};
  }
  pools_ += slots_[slot].pools;
  ++arenas_in_use_;
  peak_arenas_ = arenas_in_use_ > peak_arenas_ ? arenas_in_use_ : peak_arenas_;
  note_worst(time);
}

void PoolTable::on_arena_freed(uint64_t /*time*/, uint64_t address) {
  const auto at = slot_of_arena_.find(address);
  if (at == slot_of_arena_.end()) return;
  const uint32_t slot = at->second;
  drop_pools(slot);
  const uint64_t begin = slots_[slot].first_pool >> pool_shift_;
  for (uint64_t number = begin; number < begin + slots_[slot].pools; ++number) {
    by_number_.erase(number);
    cache_[number % kCacheLines] = {};
  }
  pools_ -= slots_[slot].pools;
  --arenas_in_use_;
  slots_[slot] = {};
  slot_of_arena_.erase(address);
  free_slots_.push_back(slot);
}

// An arena that is given back is empty, but for the block whose realloc emptied it, or whose free was not recorded.
void PoolTable::drop_pools(uint32_t arena) noexcept {
  for (uint32_t i = first_pool_of(arena); i < first_pool_of(arena + 1); ++i) {
    Pool& pool = table_[i];
    while (pool.used > 1) take(i, 0);
    if (pool.used == 1) take(i, pool.requested_bytes);
  }
}

// All arenas of an image are of one size.
bool PoolTable::set_geometry(uint64_t arena_bytes) noexcept {
  if (pool_shift_ != 0) return arena_bytes == arena_size();
  if (arena_bytes == uint64_t{256} << 10) pool_shift_ = 12;  // 3.9 and earlier
  if (arena_bytes == uint64_t{1} << 20) pool_shift_ = 14;    // 3.10 and later
  cache_.fill({});
  return pool_shift_ != 0;
}

uint32_t PoolTable::free_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    table_.resize(table_.size() + kPoolsInArena);
    return arena_slots() - 1;
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

uint32_t PoolTable::pool_at(uint64_t address) const noexcept {
  const auto at = by_number_.find(address >> pool_shift_);
  return at == by_number_.end() ? kNowhere : at->second;
}

uint64_t PoolTable::free_block_bytes() const noexcept {
  if (pool_shift_ == 0) return 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < kSizeClasses; ++i) bytes += free_blocks(i) * class_bytes(i);
  return bytes;
}

PoolTable pool_table_of(const Image& image) {
  const auto& interpreters = image.chronicle.interpreters;
  const bool debug = !interpreters.empty() && interpreters.back().debug_layer;
  return PoolTable(debug ? PoolTable::kDebugBytes : 0);
}

}  // namespace cistern::analyzer
