// `cistern timeline` as text: a table over time with a bar chart, marks and garbage collections.
#pragma once

#include <string>

#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/timeline_result.h"

namespace cistern::analyzer {

std::string timeline_text(const TimelineResult& result, const TimelineQuery& query, const Terminal& terminal);

}  // namespace cistern::analyzer
