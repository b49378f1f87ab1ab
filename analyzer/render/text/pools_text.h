// `cistern pools` as text.
#pragma once

#include <string>

#include "analyzer/pools/pool_search.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

std::string pools_text(const PoolFindings& findings, const PoolsOptions& options);

}  // namespace cistern::analyzer
