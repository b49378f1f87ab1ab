// `cistern tree`: who called whom, from the outermost frame down, and how much each branch holds.
#pragma once

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct TreeOptions {
  ReportOptions report;
  double min_share_percent = 1;  // smaller branches are finalized in text
};

// Prints the report. Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode report_tree(const TreeOptions& options);

}  // namespace cistern::analyzer
