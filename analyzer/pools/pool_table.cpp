#include "analyzer/pools/pool_table.h"

namespace cistern::analyzer {

// A block that is resized in place stays in its pool and class. A moved block enters its new pool before it leaves the
// old one.
void PoolTable::on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address,
                           const Block& block) {
  if (old_address != address) {
    on_alloc(time, address, block);
    return on_free(time, old_address, was);
  }
  if (!is_small(was.size_bytes) || !is_small(block.size_bytes)) return;
  const uint32_t at = map_.pool_at(address);
  if (at == kNowhere || table_[at].used == 0) return;
  table_[at].requested_bytes += static_cast<uint32_t>(block.size_bytes - was.size_bytes);
}

void PoolTable::on_arena_made(uint64_t time, uint64_t address, const Arena& arena) {
  if (map_.pool_bytes() != 0 && arena.size_bytes != arena_size()) return static_cast<void>(++unknown_arenas_);
  on_arena_freed(time, address);
  const uint32_t number = map_.make(address, arena.size_bytes);
  if (number == kNowhere) return static_cast<void>(++unknown_arenas_);
  table_.resize(size_t{arena_slots()} * kPoolsInArena);
  origins_.resize(arena_slots());
  origins_[number] = {address, time};
  pools_ += map_.extent(number).pools;
  ++arenas_in_use_;
  arena_bytes_ += arena.size_bytes;
  peak_arenas_ = arenas_in_use_ > peak_arenas_ ? arenas_in_use_ : peak_arenas_;
  note_worst(time);
}

void PoolTable::on_arena_freed(uint64_t /*time*/, uint64_t address) {
  const uint32_t number = map_.arena_at(address);
  if (number == kNowhere) return;
  drop_pools(number);
  pools_ -= map_.extent(number).pools;
  --arenas_in_use_;
  arena_bytes_ -= arena_size();
  map_.give_back(address);
}

// An arena is empty when it is returned to the system, except for a block that realloc is just moving out of it, or
// whose free was not recorded.
void PoolTable::drop_pools(uint32_t arena) noexcept {
  for (uint32_t i = first_pool_of(arena); i < first_pool_of(arena + 1); ++i) {
    Pool& pool = table_[i];
    while (pool.used > 1) take(i, 0);
    if (pool.used == 1) take(i, pool.requested_bytes);
  }
}

uint64_t PoolTable::requested_bytes() const noexcept {
  uint64_t sum = 0;
  for (const Pool& pool : table_) sum += pool.requested_bytes;
  return sum;
}

uint64_t PoolTable::used_blocks() const noexcept {
  uint64_t sum = 0;
  for (const Pool& pool : table_) sum += pool.used;
  return sum;
}

uint64_t PoolTable::pools_in_use() const noexcept {
  uint64_t sum = 0;
  for (const Pool& pool : table_) sum += pool.used != 0;
  return sum;
}

std::array<PoolClass, kSizeClasses> PoolTable::classes() const noexcept {
  std::array<PoolClass, kSizeClasses> sums{};
  for (const Pool& pool : table_) {
    if (pool.used == 0) continue;
    ++sums[pool.size_class].pools;
    sums[pool.size_class].used += pool.used;
  }
  return sums;
}

PoolArena PoolTable::arena(uint32_t index) const noexcept {
  const PoolMap::Extent& extent = map_.extent(index);
  if (extent.first_pool == 0 && extent.pools == 0) return {};
  PoolArena arena{origins_[index].base, origins_[index].birth, extent.first_pool, extent.pools};
  for (uint32_t i = first_pool_of(index); i < first_pool_of(index + 1); ++i) {
    const Pool& pool = table_[i];
    if (pool.used == 0) continue;
    ++arena.pools_in_use;
    arena.used_blocks += pool.used;
    arena.used_bytes += pool.used * class_bytes(pool.size_class);
  }
  return arena;
}

uint64_t PoolTable::free_block_bytes() const noexcept {
  uint64_t bytes = 0;
  const std::array<PoolClass, kSizeClasses> figures = classes();
  for (size_t i = 0; i < kSizeClasses; ++i) {
    if (figures[i].pools != 0) bytes += free_blocks(i, figures[i]) * class_bytes(i);
  }
  return bytes;
}

PoolTable pool_table_of(const Image& image) {
  const auto& interpreters = image.process_events.interpreters;
  const bool debug = !interpreters.empty() && interpreters.back().debug_layer;
  PoolTable table(debug ? PoolTable::kDebugBytes : 0);
  if (image.snapshot != nullptr) table.load(*image.snapshot);
  return table;
}

// The snapshot has the arenas and blocks of the heap model, and the class of each pool: a pool's class may differ from
// the classes of its blocks.
void PoolTable::load(const Snapshot& snapshot) {
  snapshot.for_each<SnapshotArena>([&](const SnapshotArena& row) {
    on_arena_made(row.birth, row.base, {row.size, row.birth, StackId{static_cast<uint32_t>(row.stack)}});
  });
  const auto add = [&](const auto& row) { on_alloc(row.birth, row.address, {row.size, row.birth, 0}); };
  snapshot.for_each<SnapshotBlock>(add);
  snapshot.for_each<SnapshotRealloc>(add);
  snapshot.for_each<SnapshotPool>([&](const SnapshotPool& row) { set_class(row); });
  const SnapshotPoolLife life = snapshot.row<SnapshotPoolLife>().value_or(SnapshotPoolLife{});
  worst_bytes_ = life.worst_bytes;
  worst_moment_ = life.worst_time;
  peak_arenas_ = life.peak_arenas;
  unknown_arenas_ = life.unknown_arenas;
}

void PoolTable::set_class(const SnapshotPool& row) noexcept {
  const uint32_t at = map_.pool_at(row.address);
  if (at == kNowhere) return;
  Pool& pool = table_[at];
  used_bytes_ -= pool.used * class_bytes(pool.size_class);
  pool.size_class = static_cast<uint8_t>(row.size_class);
  used_bytes_ += pool.used * class_bytes(pool.size_class);
}

void PoolTable::save(SnapshotWriter& out, SnapshotPoolLife& life) const {
  life.worst_bytes = worst_bytes_;
  life.worst_time = worst_moment_;
  life.peak_arenas = peak_arenas_;
  life.unknown_arenas = unknown_arenas_;
  for (uint32_t arena = 0; arena < arena_slots(); ++arena) {
    const PoolMap::Extent& extent = map_.extent(arena);
    for (uint32_t i = 0; i < extent.pools; ++i) {
      const Pool& pool = table_[first_pool_of(arena) + i];
      if (pool.used != 0) out.add(SnapshotPool{extent.first_pool + i * pool_bytes(), pool.size_class});
    }
  }
}

}  // namespace cistern::analyzer
