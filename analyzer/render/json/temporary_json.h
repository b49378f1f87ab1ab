// `cistern temporary --json`: schema cistern.temporary/1.
#pragma once

#include <string>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/temporary_result.h"

namespace cistern::analyzer {

std::string temporary_json(const TemporaryResult& result, const TemporaryQuery& query, const OutputOptions& output);

}  // namespace cistern::analyzer
