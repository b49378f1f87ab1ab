// `cistern check` as text: for each profile PASS, or FAIL with the limit and the worst offenders.
#pragma once

#include <string>

#include "analyzer/check/check_result.h"
#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {

std::string check_text(const CheckResult& result, const CheckQuery& query, const OutputOptions& output,
                       const Terminal& terminal);

}  // namespace cistern::analyzer
