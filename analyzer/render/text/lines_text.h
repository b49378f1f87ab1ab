// `cistern lines` as text: the lines of a source file with the memory that they allocated and held.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/source_text.h"
#include "analyzer/results/lines_result.h"

namespace cistern::analyzer {

// As wide as standard output.
std::string lines_text(const LinesResult& result, const SourceText& source, const OutputOptions& output);

}  // namespace cistern::analyzer
