#include "analyzer/model/heap_model.h"

namespace cistern::analyzer {

DomainSums HeapModel::domains() const {
  DomainSums sums{};
  for (uint32_t site = 0; site < sites_.size(); ++site) {
    const SiteFigures& figures = sites_.figures(site);
    DomainTotals& sum = sums[number_of(figures.domain)];
    sum.live.bytes += figures.live.bytes;
    sum.live.blocks += figures.live.blocks;
    sum.allocated.bytes += figures.allocated.bytes;
    sum.allocated.blocks += figures.allocated.blocks;
  }
  for (size_t i = 0; i < kDomainNumbers; ++i) {
    sums[i].frees = sums[i].allocated.blocks - sums[i].live.blocks + static_cast<uint64_t>(frees_[i]);
    sums[i].reallocs = reallocs_[i];
  }
  return sums;
}

// The old block leaves the table, so that its place may be taken, and stays in the sums until the new one is there.
void HeapModel::give(StreamId stream_id, const HeapStep& step) {
  if (auto block = inversions_.freed(step.address, step.time, stream_id)) {
    --totals_.implied_frees;
    ++totals_.inversions;
    restore(*block);
    --frees_[number_of(sites_.domain(block->site))];  // it was no free
    moving_.push_back({stream_id, step.address, *block});
    return;
  }
  Block block;
  if (!blocks_.take(step.address, block)) {
    ++totals_.unknown_frees;
    return;
  }
  moving_.push_back({stream_id, step.address, block});
}

// A remapped range keeps the birth of the mapping that it began in.
void HeapModel::give_mapping(StreamId stream_id, const HeapStep& step) {
  if (moved_.size() == kMaxMoves) moved_.erase(moved_.begin());
  moved_.push_back({stream_id, step.address, mappings_.birth_at(step.address, step.time)});
}

uint64_t HeapModel::birth_of_moved(StreamId stream_id, const HeapStep& step) {
  for (size_t at = moved_.size(); at != 0; --at) {
    const Moved moved = moved_[at - 1];
    if (moved.address != step.old_address || moved.stream_id != stream_id) continue;
    moved_.erase(moved_.begin() + static_cast<std::ptrdiff_t>(at - 1));
    return moved.birth;
  }
  return step.time;
}

}  // namespace cistern::analyzer
