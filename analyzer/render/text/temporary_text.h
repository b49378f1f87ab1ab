// `cistern temporary`: what was allocated only to be freed at once.
#pragma once

#include <cstddef>

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct TemporaryOptions {
  ReportOptions report;
  size_t threshold = 1;  // freed before so many further allocations of the same thread; at least 1
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_temporary(const TemporaryOptions& options);

}  // namespace cistern::analyzer
