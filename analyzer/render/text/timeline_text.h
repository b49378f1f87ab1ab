// `cistern timeline` as text: a table over time with a bar chart, marks and garbage collections.
#pragma once

#include <string>

#include "analyzer/results/timeline_result.h"

namespace cistern::analyzer {

// As wide as standard output.
std::string timeline_text(const TimelineResult& result);

}  // namespace cistern::analyzer
