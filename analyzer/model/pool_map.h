// Finds the pymalloc arena and pool of an address; both have numbers. It knows the arenas that were allocated while
// recording, not those from before the hooks or a fork. The number of a freed arena is used again. Pool `i` of arena
// `a` has the number a * kPoolsInArena + i. Cost: three loads for the pool of an address, nearly always in the
// first-level cache. Memory: 16 KiB for each region (4,096 pools) that has an arena.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {

constexpr uint32_t kPoolsInArena = 64;  // 4 KiB of 256 KiB, and 16 KiB of 1 MiB

class PoolMap {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  struct Extent {             // of an arena
    uint64_t first_pool = 0;  // the address
    uint32_t pools = 0;       // one less when the arena is not aligned to them
  };

  PoolMap() : pools_(kPoolsInRegion, kNowhere) {}

  // Returns the arena's number; kNowhere if pymalloc has no arenas of this size. Requires: no arena is at `base`.
  uint32_t make(uint64_t base, uint64_t size_bytes);
  // Returns the number that the arena at `base` had; kNowhere if there is none.
  uint32_t give_back(uint64_t base);

  // The number of the arena at `base`, kNowhere if there is none.
  uint32_t arena_at(uint64_t base) const noexcept {
    const auto at = by_base_.find(base);
    return at == by_base_.end() ? kNowhere : at->second;
  }

  // The pool that `address` lies in, kNowhere if in none.
  uint32_t pool_at(uint64_t address) noexcept {
    const uint64_t pool = address >> pool_shift_;
    const Line& line = cache_[pool / kPoolsInRegion % kCacheLines];
    const uint32_t first = line.region == pool / kPoolsInRegion ? line.first : cached(pool / kPoolsInRegion);
    return pools_[first + pool % kPoolsInRegion];
  }
  uint32_t pool_at(uint64_t address) const noexcept {
    const uint64_t pool = address >> pool_shift_;
    return pools_[find(pool / kPoolsInRegion) + pool % kPoolsInRegion];
  }

  const Extent& extent(uint32_t arena) const noexcept { return extents_[arena]; }
  // One past the greatest number of an arena. Numbers of freed arenas have no pools.
  uint32_t arenas() const noexcept { return static_cast<uint32_t>(extents_.size()); }
  // 0 before the first arena. All arenas of an image are of one size.
  uint64_t pool_bytes() const noexcept { return known_ ? uint64_t{1} << pool_shift_ : 0; }

 private:
  static constexpr uint64_t kPoolsInRegion = 4096;
  static constexpr size_t kCacheLines = 256;
  struct Line {
    uint64_t region = UINT64_MAX;
    uint32_t first = 0;  // index of the region's pools in pools_; 0: the empty region
  };

  uint32_t find(uint64_t region) const noexcept;
  uint32_t cached(uint64_t region) noexcept;
  uint32_t& entry(uint64_t pool);
  bool set_geometry(uint64_t arena_bytes) noexcept;

  unsigned pool_shift_ = 14;
  bool known_ = false;
  std::array<Line, kCacheLines> cache_{};
  std::vector<uint32_t> pools_;  // by region; the first is empty
  tsl::robin_map<uint64_t, uint32_t, MixedHash> first_of_region_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> by_base_;
  std::vector<Extent> extents_;
  std::vector<uint32_t> free_numbers_;
};

}  // namespace cistern::analyzer
