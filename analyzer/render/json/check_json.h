// `cistern check --json`: schema cistern.check/1.
#pragma once

#include <string>

#include "analyzer/check/check_result.h"
#include "analyzer/render/layout/output_options.h"

namespace cistern::analyzer {

std::string check_json(const CheckResult& result, const CheckQuery& query, const OutputOptions& output);

}  // namespace cistern::analyzer
