// `cistern timeline --json`: schema cistern.timeline/1.
#pragma once

#include <string>

#include "analyzer/results/timeline_result.h"

namespace cistern::analyzer {

std::string timeline_json(const TimelineResult& timeline);

}  // namespace cistern::analyzer
