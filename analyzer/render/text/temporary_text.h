// `cistern temporary` as text: the stacks with most temporary blocks.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/temporary_result.h"

namespace cistern::analyzer {

// As wide as standard output.
std::string temporary_text(const TemporaryResult& result, const OutputOptions& output);

}  // namespace cistern::analyzer
