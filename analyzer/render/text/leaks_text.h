// `cistern leaks`: who was still alive, by the line that allocated it.
#pragma once

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct LeaksOptions {
  ReportOptions report;
  bool all = false;  // also what is no leak, or not known to be one
  std::optional<Moment> warm_up;
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read.
// Errors: Failure.
ExitCode report_leaks(const LeaksOptions& options);

}  // namespace cistern::analyzer
