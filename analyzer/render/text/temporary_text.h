// `cistern temporary` as text: the stacks with most temporary blocks.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/temporary_result.h"

namespace cistern::analyzer {

std::string temporary_text(const TemporaryResult& result, const TemporaryQuery& query, const OutputOptions& output,
                           const Terminal& terminal);

}  // namespace cistern::analyzer
