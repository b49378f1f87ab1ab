#include "analyzer/leaks/window_counts.h"

namespace cistern::analyzer {

void WindowCounts::flush(uint32_t site, uint32_t window) {
  Entry& latest = latest_[site];
  if (latest.count != 0) {
    if (site >= earlier_.size()) earlier_.resize(site + size_t{1});
    earlier_[site].push_back(latest);
  }
  latest = {window, 0};
}

void WindowCounts::join_pairs() {
  for (Entry& latest : latest_) {
    if (latest.count != 0) latest.window /= 2;
  }
  for (std::vector<Entry>& entries : earlier_) {
    size_t kept = 0;
    for (const Entry& entry : entries) {
      const uint32_t window = entry.window / 2;
      if (kept != 0 && entries[kept - 1].window == window) {
        entries[kept - 1].count += entry.count;
      } else {
        entries[kept++] = {window, entry.count};
      }
    }
    entries.resize(kept);
  }
}

void WindowCounts::add_to(uint32_t site, std::vector<uint64_t>& sums) const {
  if (site < latest_.size() && latest_[site].count != 0) sums[latest_[site].window] += latest_[site].count;
  if (site >= earlier_.size()) return;
  for (const Entry& entry : earlier_[site]) sums[entry.window] += entry.count;
}

}  // namespace cistern::analyzer
