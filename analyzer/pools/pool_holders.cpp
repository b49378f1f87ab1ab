#include "analyzer/pools/pool_holders.h"

#include <algorithm>

namespace cistern::analyzer {

void PoolHolders::add(const Image& image, const HeapModel& model, const PoolTable& pools) {
  SiteGroups groups(image, model.sites(), tree_, by_);
  std::vector<PoolHolder> by_site(model.sites().size());
  model.for_each_live([&](uint64_t address, const Block& block) {
    const uint32_t pool = pools.pool_at(address);
    if (pool == PoolTable::kNowhere || pools.pool(pool).used == 0) return;
    PoolHolder& holder = by_site[block.site];
    ++holder.blocks;
    holder.bytes += PoolTable::class_bytes(pools.pool(pool).size_class);
    holder.requested_bytes += block.size_bytes;
  });
  for (uint32_t site = 0; site < by_site.size(); ++site) {
    if (by_site[site].blocks == 0) continue;
    const NodeId node = groups.group(site);
    const auto [at, added] = index_.insert({raw(node), static_cast<uint32_t>(holders_.size())});
    if (added) holders_.push_back({node});
    PoolHolder& holder = holders_[at->second];
    holder.blocks += by_site[site].blocks;
    holder.bytes += by_site[site].bytes;
    holder.requested_bytes += by_site[site].requested_bytes;
  }
}

std::vector<PoolHolder> PoolHolders::take() {
  std::stable_sort(holders_.begin(), holders_.end(), [](const PoolHolder& a, const PoolHolder& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.blocks > b.blocks;
  });
  return std::move(holders_);
}

}  // namespace cistern::analyzer
