// `cistern tree` as text: an indented tree from the outermost frame to the innermost.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/tree_result.h"

namespace cistern::analyzer {

// Branches below `min_share_percent` of all bytes are left out. As wide as standard output.
std::string tree_text(const TreeResult& result, const OutputOptions& output, double min_share_percent);

}  // namespace cistern::analyzer
