// `cistern leaks`: the blocks that are alive at a moment, by the stack that allocated them, and which of them leak.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/leaks/leak_search.h"
#include "analyzer/model/progress.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

struct LeaksQuery {
  ReportQuery report;
  std::optional<Moment> warm_up;  // growth counts from here; not given: from the program's own code, without imports
  bool all = false;               // lists all live groups, not only leaks
};

struct LeaksResult : LeakFindings {
  std::vector<size_t> listed;   // indices of the groups that the query asks for
  Amount listed_amount;         // in these groups
  uint64_t stopped_groups = 0;  // that grew and stopped, or never grew
  uint64_t slight_groups = 0;   // that grow, but too little to count as a leak
};

// `progress` may be null. `recordings` outlives the result. Errors: Failure, exit code 2, when a profile has no such
// moment; exit code 3 when a profile does not have its live blocks.
LeaksResult analyze(const LeaksQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
