// `cistern export`: a profile in the formats of other tools.
#pragma once

#include <string>

#include "analyzer/read/failure.h"
#include "analyzer/render/text/report_options.h"
#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

enum class ExportFormat : uint8_t { kCollapsed };

struct ExportOptions {
  ReportOptions report;
  ExportFormat format = ExportFormat::kCollapsed;
  Measure what = Measure::kLive;
  bool blocks = false;  // count blocks instead of bytes
  std::string output;   // empty: standard output
};

// Returns the exit code: kUnreadable when some of the profiles could not be read. Errors: Failure.
ExitCode export_profiles(const ExportOptions& options);

}  // namespace cistern::analyzer
