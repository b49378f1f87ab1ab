// `cistern peak` as text: the size of the peak, then the stacks that held most of it.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/peak_result.h"

namespace cistern::analyzer {

std::string peak_text(const PeakResult& peak, const PeakQuery& query, const OutputOptions& output,
                      const Terminal& terminal);

}  // namespace cistern::analyzer
