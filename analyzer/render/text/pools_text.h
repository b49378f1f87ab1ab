// `cistern pools` as text: size classes, use of the arenas, pinning blocks, arena bytes over time.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

// `map`: draw each arena as a line.
std::string pools_text(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output,
                       const Terminal& terminal, bool map);

}  // namespace cistern::analyzer
