// `cistern tree` as text: an indented tree from the outermost frame to the innermost.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/tree_result.h"

namespace cistern::analyzer {

// Branches below `min_share_percent` of all bytes are left out.
std::string tree_text(const TreeResult& result, const TreeQuery& query, const OutputOptions& output,
                      const Terminal& terminal, double min_share_percent);

}  // namespace cistern::analyzer
