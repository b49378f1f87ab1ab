// `cistern tree --json`: schema cistern.tree/1. The tree is a flat list, because JSON readers limit the nesting depth.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/tree_result.h"

namespace cistern::analyzer {

std::string tree_json(const TreeResult& result, const TreeQuery& query, const OutputOptions& output);

}  // namespace cistern::analyzer
