// Counts by site and window, for sites without number and few windows. Cost of one more: two comparisons and an
// increment, and a push the first time in a window. Memory: 8 bytes for each site and window that has any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cistern::analyzer {

class WindowCounts {
 public:
  // One more, if the last one of the site was in the same window. Returns whether it was.
  bool add_again(uint32_t site, uint32_t window) noexcept {
    if (site >= latest_.size() || latest_[site].window != window) return false;
    ++latest_[site].count;
    return true;
  }

  // Windows of a site must not decrease.
  void add(uint32_t site, uint32_t window) {
    if (site >= latest_.size()) latest_.resize(site + size_t{1});
    Entry& latest = latest_[site];
    if (latest.window != window) flush(site, window);
    ++latest.count;
  }

  // Joins the windows 2n and 2n + 1 to n.
  void join_pairs();

  // Adds a site's counts to `sums`, which has an element for each window.
  void add_to(uint32_t site, std::vector<uint64_t>& sums) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    uint32_t window = kNone;
    uint32_t count = 0;
  };
  void flush(uint32_t site, uint32_t window);

  std::vector<Entry> latest_;                // by site: its last window
  std::vector<std::vector<Entry>> earlier_;  // by site
};

}  // namespace cistern::analyzer
