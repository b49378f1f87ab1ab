// Memory that the allocators of processes held at their end, but that no block used.
#pragma once

#include <vector>

#include "analyzer/check/verdict.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

// By image, each at its end state. Replays each image once. `progress` may be null.
std::vector<HeldMemory> held_at_the_end(const Profile& profile, Progress* progress);

}  // namespace cistern::analyzer
