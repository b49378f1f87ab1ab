#include "analyzer/model/sites.h"

namespace cistern::analyzer {

uint32_t Sites::look_up(const Site& site) {
  const auto [at, added] = index_.insert({site, static_cast<uint32_t>(sites_.size())});
  if (added) {
    sites_.push_back(site);
    figures_.push_back({});
    figures_.back().epoch = epoch_;
    figures_.back().domain = site.domain;
  }
  cache_[slot_of(site)] = {site, at->second + 1};
  return at->second;
}

void Sites::settle_peak() noexcept {
  for (uint32_t site = 0; site < figures_.size(); ++site) touch(site);
}

}  // namespace cistern::analyzer
