// A pool table that fits an image's interpreter.
#pragma once

#include "analyzer/pools/pool_table.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

inline PoolTable pools_of(const Image& image) {
  const auto& interpreters = image.chronicle.interpreters;
  return PoolTable(!interpreters.empty() && interpreters.front().debug_layer ? PoolTable::kDebugBytes : 0);
}

}  // namespace cistern::analyzer
