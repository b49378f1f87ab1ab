#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {

PoolsResult analyze(const PoolsQuery& query, const Recordings& recordings, Progress* progress) {
  require_live_set(recordings);
  const PoolQuestion question{query.report.at, query.by.value_or(GroupBy::kStack), query.by,
                              query.report.selection.internals};
  PoolsResult result{find_pools(recordings.profiles, question, progress), {}};
  for (const ImagePools& image : result.image_pools) result.images.push_back(image.facts);
  return result;
}

}  // namespace cistern::analyzer
