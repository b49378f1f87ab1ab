// `cistern summary --json`: schema cistern.summary/1.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/summary_result.h"

namespace cistern::analyzer {

std::string summary_json(const SummaryResult& summary, const SummaryQuery& query, const OutputOptions& output);

}  // namespace cistern::analyzer
