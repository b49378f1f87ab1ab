// `cistern pools --json`: schema cistern.pools/1.
#pragma once

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

// Passes the text to `write` in pieces. `map`: include each arena with its pools.
void pools_json(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output, bool map,
                const TextSink& write);

}  // namespace cistern::analyzer
