#include "analyzer/pools/pinning.h"

#include <algorithm>
#include <numeric>

namespace cistern::analyzer {
namespace {

constexpr uint32_t kNotPinned = UINT32_MAX;

int64_t median_of(std::vector<int64_t>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

size_t PinGroup::main_class() const noexcept {
  return static_cast<size_t>(std::max_element(blocks_of_class.begin(), blocks_of_class.end()) -
                             blocks_of_class.begin());
}

// Returns the index in arenas_ of each arena slot of the image; kNotPinned for an arena that is not mostly free.
std::vector<uint32_t> PinSearch::add_mostly_free_arenas(const PoolTable& pools) {
  std::vector<uint32_t> index_of_slot(pools.arena_slots(), kNotPinned);
  for (uint32_t slot = 0; slot < pools.arena_slots(); ++slot) {
    const PoolArena& arena = pools.arena(slot);
    if (arena.used_blocks == 0 || arena.used_bytes * 2 > pools.arena_size()) continue;
    index_of_slot[slot] = static_cast<uint32_t>(arenas_.size());
    arenas_.push_back({pools.arena_size()});
  }
  return index_of_slot;
}

uint32_t PinSearch::index_of(NodeId node) {
  const auto [at, added] = index_.insert({raw(node), static_cast<uint32_t>(groups_.size())});
  if (added) {
    groups_.emplace_back().stack = node;
    ages_.emplace_back();
  }
  return at->second;
}

void PinSearch::add_pin(uint32_t arena, uint32_t group) {
  if (!is_pinned_.insert({uint64_t{arena} << 32 | group, true}).second) return;
  pins_.push_back({arena, group});
  ++arenas_[arena].groups;
}

void PinSearch::add(const Image& image, const HeapModel& model, const PoolTable& pools, uint64_t time) {
  const std::vector<uint32_t> index_of_slot = add_mostly_free_arenas(pools);
  const int64_t now_ns = image.clock.since_start_ns(time);
  SiteGroups groups(image, model.sites(), tree_, by_);
  std::vector<bool> counted(model.sites().size());
  const auto pool_of = [&](uint64_t address) {
    const uint32_t pool = pools.pool_at(address);
    if (pool == PoolTable::kNowhere || index_of_slot[PoolTable::arena_of(pool)] == kNotPinned) {
      return PoolTable::kNowhere;
    }
    return pools.pool(pool).used == 0 ? PoolTable::kNowhere : pool;
  };
  // Groups get their indexes in the order of their sites, because the order of blocks is not stable.
  std::vector<bool> pinning(model.sites().size());
  model.for_each_live([&](uint64_t address, const Block& block) {
    if (pool_of(address) != PoolTable::kNowhere) pinning[block.site] = true;
  });
  for (uint32_t site = 0; site < pinning.size(); ++site) {
    if (pinning[site]) index_of(groups.group(site));
  }
  model.for_each_live([&](uint64_t address, const Block& block) {
    const uint32_t pool = pool_of(address);
    if (pool == PoolTable::kNowhere) return;
    const uint32_t arena = index_of_slot[PoolTable::arena_of(pool)];
    const uint32_t index = index_of(groups.group(block.site));
    add_pin(arena, index);
    PinGroup& group = groups_[index];
    ++group.blocks;
    ++group.blocks_of_class[pools.pool(pool).size_class];
    group.bytes += PoolTable::class_bytes(pools.pool(pool).size_class);
    if (!counted[block.site]) group.allocated_blocks += model.sites().figures(block.site).allocated.blocks;
    counted[block.site] = true;
    ages_[index].push_back(std::max<int64_t>(now_ns - image.clock.since_start_ns(block.birth), 0));
  });
}

void PinSearch::sum_up_groups() {
  for (const Pin& pin : pins_) {
    PinGroup& group = groups_[pin.group];
    if (arenas_[pin.arena].groups == 1) {
      ++group.exclusive_arenas;
      group.returned_bytes += arenas_[pin.arena].bytes;
    } else {
      ++group.shared_arenas;
    }
  }
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i].median_age_ns = median_of(ages_[i]);
}

// Sorts the groups, and counts each arena at the last of the groups that pin it.
void PinSearch::rank_groups() {
  std::vector<uint32_t> order(groups_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
    const PinGroup& a = groups_[left];
    const PinGroup& b = groups_[right];
    if (a.returned_bytes != b.returned_bytes) return a.returned_bytes > b.returned_bytes;
    if (a.shared_arenas != b.shared_arenas) return a.shared_arenas > b.shared_arenas;
    return a.blocks > b.blocks;
  });
  std::vector<uint32_t> rank_of(groups_.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) rank_of[order[rank]] = rank;
  for (const Pin& pin : pins_) {
    arenas_[pin.arena].last_rank = std::max(arenas_[pin.arena].last_rank, rank_of[pin.group]);
  }
  std::vector<PinGroup> ranked;
  ranked.reserve(groups_.size());
  for (const uint32_t index : order) ranked.push_back(groups_[index]);
  for (const PinnedArena& arena : arenas_) {
    if (arena.groups != 0) ranked[arena.last_rank].cumulative_returned_bytes += arena.bytes;
  }
  uint64_t sum = 0;
  for (PinGroup& group : ranked) group.cumulative_returned_bytes = sum += group.cumulative_returned_bytes;
  groups_ = std::move(ranked);
}

Pinning PinSearch::take() {
  sum_up_groups();
  rank_groups();
  Pinning pinning;
  pinning.groups = std::move(groups_);
  pinning.arenas = arenas_.size();
  for (const PinnedArena& arena : arenas_) pinning.arena_bytes += arena.bytes;
  return pinning;
}

}  // namespace cistern::analyzer
