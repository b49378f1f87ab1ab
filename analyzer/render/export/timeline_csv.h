// `cistern timeline --csv`: a header, then one row for each point.
#pragma once

#include <string>

#include "analyzer/results/timeline_result.h"

namespace cistern::analyzer {

std::string timeline_csv(const TimelineResult& timeline);

}  // namespace cistern::analyzer
