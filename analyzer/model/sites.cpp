#include "analyzer/model/sites.h"

namespace cistern::analyzer {

uint32_t Sites::index_of(const Site& site) {
  uint32_t& cached = cache_[Hash{}(site) % kCacheSlots];
  if (cached != 0 && sites_[cached - 1] == site) return cached - 1;
  const auto [at, added] = index_.insert({site, static_cast<uint32_t>(sites_.size())});
  if (added) {
    sites_.push_back(site);
    figures_.push_back({});
    figures_.back().epoch = epoch_;
  }
  cached = at->second + 1;
  return at->second;
}

void Sites::settle_peak() noexcept {
  for (uint32_t site = 0; site < figures_.size(); ++site) touch(site);
}

}  // namespace cistern::analyzer
