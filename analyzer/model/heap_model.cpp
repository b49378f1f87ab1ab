#include "analyzer/model/heap_model.h"

namespace cistern::analyzer {

// The old block leaves the table, so that its place may be taken, and stays in the sums until the new one is there.
void HeapModel::give(OwnerId owner, const Step& step) {
  if (auto block = inversions_.freed(step.address, step.time, owner)) {
    --totals_.implied_frees;
    ++totals_.inversions;
    --totals_.of(sites_.site(block->site).domain).frees;
    restore(*block);
    moving_.push_back({owner, step.address, *block});
    return;
  }
  Block* const known = blocks_.find(step.address);
  if (known == nullptr) {
    ++totals_.unknown_frees;
    return;
  }
  moving_.push_back({owner, step.address, *known});
  blocks_.erase(known);
}

// A remapped range keeps the birth of the mapping that it began in.
void HeapModel::give_mapping(OwnerId owner, const Step& step) {
  if (moved_.size() == kMaxMoves) moved_.erase(moved_.begin());
  moved_.push_back({owner, step.address, mappings_.birth_at(step.address, step.time)});
}

uint64_t HeapModel::birth_of_moved(OwnerId owner, const Step& step) {
  for (size_t at = moved_.size(); at != 0; --at) {
    const Moved moved = moved_[at - 1];
    if (moved.address != step.old_address || moved.owner != owner) continue;
    moved_.erase(moved_.begin() + static_cast<std::ptrdiff_t>(at - 1));
    return moved.birth;
  }
  return step.time;
}

}  // namespace cistern::analyzer
