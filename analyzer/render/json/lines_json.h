// `cistern lines --json`: schema cistern.lines/1.
#pragma once

#include <string>

#include "analyzer/render/layout/source_text.h"
#include "analyzer/results/lines_result.h"

namespace cistern::analyzer {

std::string lines_json(const LinesResult& result, const SourceText& source);

}  // namespace cistern::analyzer
