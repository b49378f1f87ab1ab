// The verdict of `cistern check` as text: what fails first, and of that the worst.
#pragma once

#include <string>

#include "analyzer/check/check_options.h"
#include "analyzer/check/checked_profile.h"

namespace cistern::analyzer {

std::string check_text(const CheckResult& result, const CheckOptions& options);

}  // namespace cistern::analyzer
