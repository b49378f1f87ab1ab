// Finds the blocks that are alive at a moment, grouped by stack, with a verdict on the growth of each group.
#pragma once

#include <optional>
#include <span>
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
  std::vector<LeakGroup> groups;  // leaks first, in the order of leak_order.h; others by bytes, then by blocks
  Amount live;                    // in all groups
  Amount leaked;                  // in the groups that leak
  Amount left_out;                // live, but not selected
};

struct LeakQuestion {
  Selection selection;
  Moment at;
  std::optional<Moment> warm_up;  // allocations before it say nothing about growth; not given: start-up and imports
};

// `progress` may be null. `profiles` outlive the result. Errors: Failure, exit code 2, when a profile has no such
// moment.
LeakFindings find_leaks(std::span<const Profile> profiles, const LeakQuestion& question, Progress* progress);

}  // namespace cistern::analyzer
