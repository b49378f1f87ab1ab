#include "analyzer/results/leaks_result.h"

namespace cistern::analyzer {

LeaksResult analyze(const LeaksQuery& query, const Recordings& recordings, Progress* progress) {
  require_live_set(recordings);
  LeaksResult result{
      find_leaks(recordings.profiles, {query.report.selection, query.report.at, query.warm_up}, progress),
      {},
      {},
      0,
      0};
  for (size_t i = 0; i < result.groups.size(); ++i) {
    const LeakGroup& group = result.groups[i];
    if (query.all || group.is_leak()) {
      result.listed.push_back(i);
      result.listed_amount += group.amount;
    }
    if (group.is_leak()) continue;
    ++(group.growth.growth == Growth::kSteady ? result.slight_groups : result.stopped_groups);
  }
  return result;
}

}  // namespace cistern::analyzer
