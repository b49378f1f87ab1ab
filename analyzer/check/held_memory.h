// What processes held at their end though no block filled it.
#pragma once

#include <vector>

#include "analyzer/check/verdict.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

// By image, each at its end state. Costs a replay. `progress` may be null.
std::vector<HeldMemory> held_at_the_end(const Profile& profile, Progress* progress);

}  // namespace cistern::analyzer
