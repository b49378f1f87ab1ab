// `cistern pools --json`: schema cistern.pools/1.
#pragma once

#include "analyzer/pools/pool_search.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

// Writes it to standard output. Errors: Failure.
void write_pools_json(const PoolFindings& findings, const PoolsOptions& options);

}  // namespace cistern::analyzer
