// Heap observer that keeps the pools of one image and their curve over time. Not thread-safe.
#pragma once

#include "analyzer/pools/pool_curve.h"
#include "analyzer/pools/pool_table.h"

namespace cistern::analyzer {

struct PoolWatch : HeapObserver {
  explicit PoolWatch(const Image& image) : pools(pool_table_of(image)) {
    if (image.snapshot != nullptr) curve.load(*image.snapshot);
  }

  void on_alloc(uint64_t time, uint64_t address, const Block& block) {
    pools.on_alloc(time, address, block);
    note(time);
  }
  void on_free(uint64_t time, uint64_t address, const Block& block) {
    pools.on_free(time, address, block);
    note(time);
  }
  void on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address, const Block& block) {
    pools.on_realloc(time, old_address, was, address, block);
    note(time);
  }
  void on_arena_made(uint64_t time, uint64_t address, const Arena& arena) {
    pools.on_arena_made(time, address, arena);
    note(time);
  }
  void on_arena_freed(uint64_t time, uint64_t address) {
    pools.on_arena_freed(time, address);
    note(time);
  }
  void note(uint64_t time) { curve.note(time, pools.arena_bytes(), pools.used_bytes()); }

  void save(SnapshotWriter& out) const {
    SnapshotPoolLife life;
    pools.save(out, life);
    curve.save(out, life);
    out.add(life);
  }

  PoolTable pools;
  PoolCurve curve;
};

}  // namespace cistern::analyzer
