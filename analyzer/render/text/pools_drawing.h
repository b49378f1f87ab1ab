// Pools as pictures made of characters: bars, the arenas' map, the curve over time.
#pragma once

#include <cstddef>
#include <string>

#include "analyzer/pools/pool_search.h"

namespace cistern::analyzer {

// `part` of `whole` as a bar of at most `width` characters, in eighths of one; never empty for more than nothing.
std::string bar(uint64_t part, uint64_t whole, size_t width);

// A line for each arena, in order of address, a character for each pool, by how much of it is used.
std::string arena_map(const PoolTable& pools);
// What its characters mean, as lines.
std::string arena_map_legend();

// Held and used bytes over time, `width` columns wide in all, a headline and an axis included.
std::string curve_chart(const ImagePools& image, size_t width);

}  // namespace cistern::analyzer
