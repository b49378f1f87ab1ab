#include "analyzer/model/sites.h"

#include <algorithm>

namespace cistern::analyzer {

uint32_t Sites::index_of_another(const Site& site) {
  const Cached& cached = cache_[slot_of(site)];
  const uint32_t index = cached.number != 0 && cached.site == site ? cached.number - 1 : look_up(site);
  const size_t at = place_of(site);
  if (at >= latest_.size() && at < kFirstPlaces + kPlacesOfSite * sites_.size()) {
    latest_.resize(std::max(at + 1, latest_.size() * 2));
  }
  if (at < latest_.size()) latest_[at] = {site.stream_id, index + 1};
  return index;
}

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

void Sites::load(const Site& site, const Amount& at_peak, const Amount& allocated) {
  SiteFigures& figures = figures_[look_up(site)];
  figures.at_peak = at_peak;
  figures.allocated = allocated;
}

void Sites::settle_peak() noexcept {
  for (uint32_t site = 0; site < figures_.size(); ++site) touch(site);
}

}  // namespace cistern::analyzer
