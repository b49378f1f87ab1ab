// `cistern peak --json`: schema cistern.peak/1.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/peak_result.h"

namespace cistern::analyzer {

std::string peak_json(const PeakResult& peak, const PeakQuery& query, const OutputOptions& output);

}  // namespace cistern::analyzer
