#include "analyzer/model/pool_map.h"

namespace cistern::analyzer {

uint32_t PoolMap::make(uint64_t base, uint64_t size_bytes) {
  if (!set_geometry(size_bytes)) return kNowhere;
  const uint64_t end = (base + size_bytes) >> pool_shift_;
  const uint64_t begin = (base + pool_bytes() - 1) >> pool_shift_;
  uint32_t number = arenas();
  if (free_numbers_.empty()) {
    extents_.emplace_back();
  } else {
    number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  extents_[number] = {begin << pool_shift_, end > begin ? static_cast<uint32_t>(end - begin) : 0};
  by_base_[base] = number;
  for (uint32_t i = 0; i < extents_[number].pools; ++i) entry(begin + i) = number * kPoolsInArena + i;
  return number;
}

uint32_t PoolMap::give_back(uint64_t base) {
  const auto at = by_base_.find(base);
  if (at == by_base_.end()) return kNowhere;
  const uint32_t number = at->second;
  by_base_.erase(at);
  const uint64_t begin = extents_[number].first_pool >> pool_shift_;
  for (uint32_t i = 0; i < extents_[number].pools; ++i) entry(begin + i) = kNowhere;
  extents_[number] = {};
  free_numbers_.push_back(number);
  return number;
}

uint32_t PoolMap::find(uint64_t region) const noexcept {
  const auto at = first_of_region_.find(region);
  return at == first_of_region_.end() ? 0 : at->second;
}

uint32_t PoolMap::cached(uint64_t region) noexcept {
  const uint32_t first = find(region);
  cache_[region % kCacheLines] = {region, first};
  return first;
}

// Where the number of the pool at `pool` pool sizes from address 0 is kept.
uint32_t& PoolMap::entry(uint64_t pool) {
  const uint64_t region = pool / kPoolsInRegion;
  const auto [at, added] = first_of_region_.insert({region, static_cast<uint32_t>(pools_.size())});
  if (added) {
    pools_.resize(pools_.size() + kPoolsInRegion, kNowhere);
    cache_[region % kCacheLines] = {};
  }
  return pools_[at->second + pool % kPoolsInRegion];
}

bool PoolMap::set_geometry(uint64_t arena_bytes) noexcept {
  if (known_) return arena_bytes == pool_bytes() * kPoolsInArena;
  if (arena_bytes == uint64_t{256} << 10) pool_shift_ = 12;  // 3.9 and earlier
  if (arena_bytes == uint64_t{1} << 20) pool_shift_ = 14;    // 3.10 and later
  known_ = arena_bytes == uint64_t{kPoolsInArena} << pool_shift_;
  cache_.fill({});
  return known_;
}

}  // namespace cistern::analyzer
