// `cistern lines` as text: the lines of a source file with the memory that they allocated and held.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/source_text.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/lines_result.h"

namespace cistern::analyzer {

std::string lines_text(const LinesResult& result, const LinesQuery& query, const SourceText& source,
                       const OutputOptions& output, const Terminal& terminal);

}  // namespace cistern::analyzer
