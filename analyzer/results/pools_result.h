// The result of `cistern pools`: the contents of pymalloc's arenas and pools at a moment, and the blocks that pin
// mostly free arenas.
#pragma once

#include <optional>

#include "analyzer/pools/pool_search.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

// Filters are not supported: a pool belongs to many stacks.
struct PoolsQuery {
  ReportQuery report;
  std::optional<GroupBy> by;  // lists the used bytes by line or function, and groups the pinning blocks in the same way
};

struct PoolsResult : PoolFindings {
  std::vector<ImageFacts> images;  // the facts in `image_pools`
};

// `recordings` must outlive the result. `progress` may be null. Errors: Failure, exit code 2, when a profile has no
// such moment; exit code 3, when a profile does not contain the live blocks of that moment.
PoolsResult analyze(const PoolsQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
