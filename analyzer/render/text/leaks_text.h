// `cistern leaks` as text: how much leaks, then the groups with their stacks, most important first.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/leaks_result.h"

namespace cistern::analyzer {

std::string leaks_text(const LeaksResult& leaks, const LeaksQuery& query, const OutputOptions& output,
                       const Terminal& terminal);

}  // namespace cistern::analyzer
