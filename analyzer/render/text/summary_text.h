// `cistern summary` as text: what ran, how it ended, how much memory it had and where, and what the profile lacks.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/summary_result.h"

namespace cistern::analyzer {

std::string summary_text(const SummaryResult& summary, const SummaryQuery& query, const OutputOptions& output,
                         const Terminal& terminal);

}  // namespace cistern::analyzer
