// `cistern pools --json`: schema cistern.pools/1.
#pragma once

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

// Writes to standard output piece by piece. `map`: include each arena with its pools. Errors: Failure, exit code 3.
void write_pools_json(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output, bool map);

}  // namespace cistern::analyzer
