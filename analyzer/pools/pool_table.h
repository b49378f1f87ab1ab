// The arenas, pools and blocks of pymalloc at every moment of one image, rebuilt from its events. It is a heap
// observer:
//
//   PoolTable pools = pool_table_of(image);
//   ImageRun run(image, progress);
//   run.to(moment, pools);         // now `pools` is the state of pymalloc at `moment`
//
// Guarantees:
// - The figures equal those of the interpreter (sys._debugmallocstats): arenas, pools in use, and used and free blocks
//   of each size class.
// - A block belongs to pymalloc if its address lies in an arena.
// - The first block in an empty pool determines the pool's size class. All blocks of the pool count in that class, also
//   a block that realloc has shrunk in place.
// - Arenas and blocks from before the hooks were installed, or from before a fork, are not included.
// Cost of an event: a look-up in a PoolMap and three additions; other sums are computed on request. Memory: 8 bytes for
// each pool. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/model/heap_observer.h"
#include "analyzer/model/pool_map.h"
#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/image.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {

// CPython's Objects/obmalloc.c, 3.8 to 3.13 (64 bit).
constexpr uint64_t kSmallestClass = 16;
constexpr uint64_t kLargestClass = 512;
constexpr size_t kSizeClasses = kLargestClass / kSmallestClass;
static_assert(kSizeClasses <= kPoolSizeClasses);
constexpr uint64_t kPoolHeaderBytes = 48;

struct Pool {
  uint16_t used = 0;             // blocks; 0: the pool is free and has no class
  uint8_t size_class = 0;        // index of the class
  uint32_t requested_bytes = 0;  // of the used blocks
};

struct PoolClass {
  uint64_t pools = 0;  // with at least one used block
  uint64_t used = 0;   // blocks
  bool operator==(const PoolClass&) const = default;
};

// An arena and its contents.
struct PoolArena {
  uint64_t base = 0;
  uint64_t birth = 0;
  uint64_t first_pool = 0;  // address
  uint32_t pools = 0;       // one less when the arena is not aligned to the pool size
  uint32_t pools_in_use = 0;
  uint64_t used_blocks = 0;
  uint64_t used_bytes = 0;  // rounded up to the size classes
};

class PoolTable : public HeapObserver {
 public:
  static constexpr uint32_t kNowhere = PoolMap::kNowhere;

  // `debug_bytes`: bytes that the interpreter's debug layer adds to each block, kDebugBytes or 0.
  explicit PoolTable(uint64_t debug_bytes = 0) : debug_bytes_(debug_bytes) {}
  static constexpr uint64_t kDebugBytes = 24;

  void on_alloc(uint64_t time, uint64_t address, const Block& block);
  void on_free(uint64_t time, uint64_t address, const Block& block);
  void on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address, const Block& block);
  void on_arena_made(uint64_t time, uint64_t address, const Arena& arena);
  void on_arena_freed(uint64_t time, uint64_t address);

  // Starts from the pools of a snapshot. Requires: no event has been observed.
  void load(const Snapshot& snapshot);
  void save(SnapshotWriter& out, SnapshotPoolLife& life) const;

  uint64_t arenas() const noexcept { return arenas_in_use_; }
  uint64_t arena_bytes() const noexcept { return arena_bytes_; }
  // Bytes of used blocks, rounded up to their size classes.
  uint64_t used_bytes() const noexcept { return used_bytes_; }
  uint64_t held_unused_bytes() const noexcept { return arena_bytes() - used_bytes_; }
  uint64_t requested_bytes() const noexcept;
  uint64_t used_blocks() const noexcept;
  uint64_t pools_in_use() const noexcept;
  // Pools without a used block.
  uint64_t free_pools() const noexcept { return pools_ - pools_in_use(); }
  // Headers of pools in use, the remainder after their last block, and the pool lost in each unaligned arena.
  uint64_t overhead_bytes() const noexcept {
    return held_unused_bytes() - free_pools() * pool_bytes() - free_block_bytes();
  }
  uint64_t free_block_bytes() const noexcept;

  std::array<PoolClass, kSizeClasses> classes() const noexcept;
  static constexpr uint64_t class_bytes(size_t index) noexcept { return (index + 1) * kSmallestClass; }
  uint64_t blocks_in_pool(size_t index) const noexcept {
    return (pool_bytes() - kPoolHeaderBytes) / class_bytes(index);
  }
  uint64_t free_blocks(size_t index) const noexcept { return free_blocks(index, classes()[index]); }
  // The same for a class whose figures are known.
  uint64_t free_blocks(size_t index, const PoolClass& figures) const noexcept {
    return figures.pools * blocks_in_pool(index) - figures.used;
  }

  // 0 before the first arena.
  uint64_t pool_bytes() const noexcept { return map_.pool_bytes(); }
  uint64_t arena_size() const noexcept { return pool_bytes() * kPoolsInArena; }

  // The time just after the event that left the most bytes held and unused (the first such event), and these bytes; 0
  // without such an event.
  uint64_t worst_moment() const noexcept { return worst_moment_; }
  uint64_t worst_held_unused_bytes() const noexcept { return worst_bytes_; }
  uint64_t peak_arena_bytes() const noexcept { return peak_arenas_ * arena_size(); }
  // Number of arenas of a size that pymalloc does not use. They are ignored.
  uint64_t unknown_arenas() const noexcept { return unknown_arenas_; }

  // Returns the index of the pool that contains `address`, or kNowhere. Indexes are valid until the next event.
  uint32_t pool_at(uint64_t address) const noexcept { return map_.pool_at(address); }
  const Pool& pool(uint32_t index) const noexcept { return table_[index]; }
  static uint32_t arena_of(uint32_t pool) noexcept { return pool / kPoolsInArena; }
  static uint32_t first_pool_of(uint32_t arena) noexcept { return arena * kPoolsInArena; }
  PoolArena arena(uint32_t index) const noexcept;
  // One past the greatest index of an arena. An arena that was returned to the system keeps its index, without pools.
  uint32_t arena_slots() const noexcept { return map_.arenas(); }

 private:
  struct Origin {
    uint64_t base = 0;
    uint64_t birth = 0;
  };

  bool is_small(uint64_t size_bytes) const noexcept { return size_bytes + debug_bytes_ <= kLargestClass; }
  void put(uint32_t pool, uint64_t size_bytes) noexcept;
  void take(uint32_t pool, uint64_t size_bytes) noexcept;
  void drop_pools(uint32_t arena) noexcept;
  void set_class(const SnapshotPool& row) noexcept;
  void note_worst(uint64_t time) noexcept {
    if (used_bytes_ + worst_bytes_ >= arena_bytes_) return;
    worst_bytes_ = held_unused_bytes();
    worst_moment_ = time + 1;
  }

  uint64_t debug_bytes_;
  PoolMap map_;
  std::vector<Pool> table_;      // by pool index
  std::vector<Origin> origins_;  // by arena index
  uint64_t arenas_in_use_ = 0;
  uint64_t arena_bytes_ = 0;
  uint64_t pools_ = 0;  // of all arenas
  uint64_t used_bytes_ = 0;
  uint64_t worst_bytes_ = 0;
  uint64_t worst_moment_ = 0;
  uint64_t peak_arenas_ = 0;
  uint64_t unknown_arenas_ = 0;
};

// Returns the table at the start of the image's events: empty, or the state of its snapshot. Each image has its own
// table.
PoolTable pool_table_of(const Image& image);

inline void PoolTable::put(uint32_t pool, uint64_t size_bytes) noexcept {
  Pool& into = table_[pool];
  if (into.used == 0) {
    const uint64_t bytes = size_bytes + debug_bytes_;
    into.size_class = static_cast<uint8_t>(bytes == 0 ? 0 : (bytes - 1) / kSmallestClass);
  }
  ++into.used;
  into.requested_bytes += static_cast<uint32_t>(size_bytes);
  used_bytes_ += class_bytes(into.size_class);
}

inline void PoolTable::take(uint32_t pool, uint64_t size_bytes) noexcept {
  Pool& from = table_[pool];
  if (from.used == 0) return;  // the block was in an earlier arena at this address, already returned to the system
  --from.used;
  from.requested_bytes -= static_cast<uint32_t>(size_bytes);
  used_bytes_ -= class_bytes(from.size_class);
}

inline void PoolTable::on_alloc(uint64_t /*time*/, uint64_t address, const Block& block) {
  if (!is_small(block.size_bytes)) return;
  const uint32_t pool = map_.pool_at(address);
  if (pool != kNowhere) put(pool, block.size_bytes);
}

inline void PoolTable::on_free(uint64_t time, uint64_t address, const Block& block) {
  if (!is_small(block.size_bytes)) return;
  const uint32_t pool = map_.pool_at(address);
  if (pool == kNowhere) return;
  take(pool, block.size_bytes);
  note_worst(time);
}

}  // namespace cistern::analyzer
