// `cistern timeline`: live bytes by domain, pools, resident memory, marks and collector runs over time.
#pragma once

#include <optional>

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct TimelineOptions {
  ReportOptions report;
  bool csv = false;
  std::optional<size_t> points;  // not given: a screenful of text, more of the others
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_timeline(const TimelineOptions& options);

}  // namespace cistern::analyzer
