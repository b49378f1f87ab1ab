// The members of `cistern summary --json` about images that were cut off.
#pragma once

#include <cstddef>

#include "analyzer/render/json/report_json.h"
#include "analyzer/results/last_seconds.h"

namespace cistern::analyzer {

// With at most `top` stacks that held most, and as many that grew most.
Json last_seconds_json(const LastSeconds& last, const CallTree& tree, size_t top);

}  // namespace cistern::analyzer
