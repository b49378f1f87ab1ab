#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

PoolsResult analyze(const Recordings& recordings, const PoolsQuery& query, Progress* progress) {
  require_live_set(recordings);
  const PoolQuestion question{query.at, query.by.value_or(GroupBy::kStack), query.by, query.selection.internals};
  return {query, find_pools(recordings.profiles, question, progress)};
}

}  // namespace cistern::analyzer
