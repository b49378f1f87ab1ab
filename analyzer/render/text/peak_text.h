// `cistern peak`: what was live when each process held most.
#pragma once

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_peak(const ReportOptions& options);

}  // namespace cistern::analyzer
