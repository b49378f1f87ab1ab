#include "analyzer/pools/pool_holders.h"

#include <algorithm>

namespace cistern::analyzer {

void PoolHolders::add(const Image& image, const HeapModel& model, const PoolTable& pools) {
  SiteGroups groups(image, model.sites(), tree_, by_);
  model.for_each_live([&](uint64_t address, const Block& block) {
    const uint32_t pool = pools.pool_at(address);
    if (pool == PoolTable::kNowhere || pools.pool(pool).used == 0) return;
    const NodeId node = groups.group(block.site);
    const auto [at, added] = index_.insert({raw(node), static_cast<uint32_t>(holders_.size())});
    if (added) holders_.push_back({node});
    PoolHolder& holder = holders_[at->second];
    ++holder.blocks;
    holder.bytes += PoolTable::class_bytes(pools.pool(pool).size_class);
    holder.requested_bytes += block.size_bytes;
  });
}

std::vector<PoolHolder> PoolHolders::take() {
  std::stable_sort(holders_.begin(), holders_.end(), [](const PoolHolder& a, const PoolHolder& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.blocks > b.blocks;
  });
  return std::move(holders_);
}

}  // namespace cistern::analyzer
