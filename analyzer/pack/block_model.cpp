#include "analyzer/pack/block_model.h"

#include <algorithm>

namespace cistern::analyzer {

void BlockTables::reset(uint32_t most_blocks) {
  for (Places& places : classes) places.last = places.top = places.bottom = 0;
  pages.fill(0);
  if (capacity >= most_blocks) return;
  addresses = std::make_unique_for_overwrite<uint64_t[]>(most_blocks);
  block_classes = std::make_unique_for_overwrite<BlockClass[]>(most_blocks);
  capacity = most_blocks;
}

uint8_t BlockModel::other_place_code(const Places& places, const Freed& freed, uint64_t address) noexcept {
  const uint32_t depth = std::min<uint32_t>(places.count(), kFreedDepth);
  for (uint32_t ago = 0; ago < depth; ++ago) {
    if (freed[(places.top - 1 - ago) % kRing] == address) return static_cast<uint8_t>(kFreed + ago);
  }
  return (address - places.last) % block_class_detail::kUnit == 0 ? kApart : kApartBytes;
}

// Removes the freed block `ago`: moves the blocks that were freed later into its place.
void BlockModel::close_gap(const Places& places, Freed& freed, uint32_t ago) noexcept {
  for (; ago > 0; --ago) freed[(places.top - 1 - ago) % kRing] = freed[(places.top - ago) % kRing];
}

}  // namespace cistern::analyzer
