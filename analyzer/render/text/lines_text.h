// `cistern lines FILE.py`: a source file with what each of its lines held and allocated.
#pragma once

#include <string>

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct LinesOptions {
  ReportOptions report;
  std::string file;  // path, or its last parts
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_lines(const LinesOptions& options);

}  // namespace cistern::analyzer
