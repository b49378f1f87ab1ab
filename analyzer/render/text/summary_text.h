// `cistern summary`: what ran, how it ended, how much memory it had and where, and how far the profile can be trusted.
#pragma once

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read.
// Errors: Failure.
ExitCode report_summary(const ReportOptions& options);

}  // namespace cistern::analyzer
