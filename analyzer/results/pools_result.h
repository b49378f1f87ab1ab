// `cistern pools`: what pymalloc's arenas and pools hold at a moment, where the rest goes, and which survivors keep
// arenas that are mostly free.
#pragma once

#include <optional>

#include "analyzer/pools/pool_search.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct PoolsOptions {
  ReportOptions report;
  std::optional<GroupBy> by;  // lists who holds the used bytes, and groups the survivors likewise
  bool map = false;           // draws the arenas
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_pools(const PoolsOptions& options);

}  // namespace cistern::analyzer
