// Character drawings of pools: bars, the map of the arenas, the curve over time. Pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "analyzer/pools/pool_search.h"

namespace cistern::analyzer {

// Returns `part` of `whole` as a bar of at most `width` characters, with a resolution of an eighth of a character. Not
// empty if `part` is not 0.
std::string bar(uint64_t part, uint64_t whole, size_t width);

// Returns one line for each arena, sorted by address, with one character for each pool that shows how much is used.
std::string arena_map(const PoolTable& pools);
// Returns the legend of the map, as lines.
std::string arena_map_legend();

// Returns a chart of held and used bytes over time, `width` columns wide, with labels and a time axis.
std::string curve_chart(const ImagePools& image, size_t width);

}  // namespace cistern::analyzer
