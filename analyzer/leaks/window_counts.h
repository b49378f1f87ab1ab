// Counts by site and window, for many sites and few windows. Counting costs two comparisons and an increment, and a
// push for the first count in a window. Memory: 8 bytes for each site and window with a count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cistern::analyzer {

class WindowCounts {
 public:
  // Adds one if the last count of the site was in the same window. Returns whether it was.
  bool add_again(uint32_t site, uint32_t window) noexcept {
    if (site >= latest_.size() || latest_[site].window != window) return false;
    ++latest_[site].count;
    return true;
  }

  // Adds one. The windows of a site must not decrease.
  void add(uint32_t site, uint32_t window) {
    if (site >= latest_.size()) latest_.resize(site + size_t{1});
    Entry& latest = latest_[site];
    if (latest.window != window) flush(site, window);
    ++latest.count;
  }

  void add(uint32_t site, uint32_t window, uint32_t count) {
    add(site, window);
    latest_[site].count += count - 1;
  }

  // Joins the windows 2n and 2n + 1 to n.
  void join_pairs();

  // Adds a site's counts to `sums`, which has an element for each window.
  void add_to(uint32_t site, std::vector<uint64_t>& sums) const;

  // Calls visit(site, window, count), by site and window.
  template <typename F>
  void for_each(F&& visit) const {
    for (uint32_t site = 0; site < latest_.size(); ++site) {
      if (site < earlier_.size()) {
        for (const Entry& entry : earlier_[site]) visit(site, entry.window, entry.count);
      }
      if (latest_[site].count != 0) visit(site, latest_[site].window, latest_[site].count);
    }
  }

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
