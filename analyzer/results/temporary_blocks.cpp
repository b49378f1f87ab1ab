#include "analyzer/results/temporary_blocks.h"

#include <algorithm>

namespace cistern::analyzer {

void TemporaryBlocks::remember(uint32_t site, uint64_t time, uint64_t address) {
  Recent& recent = recent_of(site);
  if (recent.ring.size() < threshold_) {
    recent.ring.push_back({time, address});
    return;
  }
  recent.ring[recent.next] = {time, address};
  recent.next = (recent.next + 1) % threshold_;
}

void TemporaryBlocks::on_free(uint64_t, uint64_t address, const Block& block) {
  if (!is_recent(recent_of(block.site), block.birth, address)) return;
  if (block.site >= found_.size()) found_.resize(block.site + 1);
  found_[block.site].add(block.size_bytes);
}

// The block keeps its birth time and gets a new address.
void TemporaryBlocks::on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address,
                                 const Block& block) {
  Recent& recent = recent_of(was.site);
  if (Allocation* const first = find(recent, was.birth, old_address)) first->address = address;
  remember(block.site, time, address);
}

uint64_t TemporaryBlocks::oldest_time(const Recent& recent) const {
  return recent.ring[recent.ring.size() < threshold_ ? 0 : recent.next].time;
}

TemporaryBlocks::Allocation* TemporaryBlocks::find(Recent& recent, uint64_t birth, uint64_t address) const {
  if (recent.ring.empty() || birth < oldest_time(recent)) return nullptr;
  const auto found = std::find_if(recent.ring.begin(), recent.ring.end(), [&](const Allocation& allocation) {
    return allocation.time == birth && allocation.address == address;
  });
  return found == recent.ring.end() ? nullptr : &*found;
}

// The allocations of a thread are sorted by time, so each one after the oldest in the ring is in the ring. For equal
// times the address decides.
bool TemporaryBlocks::is_recent(Recent& recent, uint64_t birth, uint64_t address) const {
  if (recent.ring.empty() || birth < oldest_time(recent)) return false;
  return birth > oldest_time(recent) || find(recent, birth, address) != nullptr;
}

}  // namespace cistern::analyzer
