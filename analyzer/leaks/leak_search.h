// Who was alive at a moment, by stack, with the verdict on each group: what `cistern leaks` and `cistern check` rest
// on.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/leaks/leak_group.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/moment.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/profile.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {

struct LeakFindings {
  CallTree tree;
  std::vector<ImageFacts> images;
  std::vector<LeakGroup> groups;  // leaks first; then most bytes first, then most blocks
  Amount live;                    // in all groups
  Amount leaked;                  // in those that are leaks
  Amount left_out;                // by the selection
};

struct LeakQuestion {
  Selection selection;
  Moment at;
  std::optional<Moment> warm_up;  // what was allocated earlier says nothing of growth; not given: start-up and imports
};

// `progress` may be null. Errors: Failure, exit code 2, when there is no such moment in a profile.
LeakFindings find_leaks(const std::vector<Profile>& profiles, const LeakQuestion& question, Progress* progress);

}  // namespace cistern::analyzer
