// `cistern pools` as text.
#pragma once

#include <string>

#include "analyzer/pools/pool_search.h"
#include "analyzer/reports/pools_report.h"

namespace cistern::analyzer {

std::string pools_text(const PoolFindings& findings, const PoolsOptions& options);

}  // namespace cistern::analyzer
