// The verdict of `cistern check` as JSON.
#pragma once

#include <string>

#include "analyzer/check/check_options.h"
#include "analyzer/check/checked_profile.h"

namespace cistern::analyzer {

std::string check_json(const CheckResult& result, const CheckOptions& options);

}  // namespace cistern::analyzer
