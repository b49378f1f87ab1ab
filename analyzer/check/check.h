// `cistern check`: whether profiles pass, for builds. Each profile is judged for itself.
#pragma once

#include "analyzer/check/check_options.h"
#include "analyzer/check/checked_profile.h"
#include "analyzer/read/failure.h"

namespace cistern::analyzer {

// Judges without printing more than what could not be read. Errors: Failure.
CheckResult check_profiles(const CheckOptions& options);

// Prints the verdict. Returns the exit code: kDone when all profiles pass, kFailed when one that is complete does not,
// else kUnreadable. Errors: Failure.
ExitCode report_check(const CheckOptions& options);

}  // namespace cistern::analyzer
