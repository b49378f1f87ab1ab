// The options that all reports have.
#pragma once

#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/results/allocations_by_stack.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

struct ReportOptions {
  ReportQuery query;
  OutputOptions output;
};

// Opens the profiles and prints what could not be read. Errors: Failure, exit code 3, when nothing can be read.
inline Recordings open_profiles(const std::vector<std::string>& paths) {
  Recordings recordings = open_recordings(paths);
  print_warnings(recordings.warnings);
  require_profiles(recordings);
  return recordings;
}

// Shows the progress, and prints what could not be read.
inline AllocationsByStack allocations_by_stack(const Recordings& recordings, const ReportQuery& query) {
  ProgressBar progress;
  return allocations_by_stack(recordings, query, &progress);
}
inline void warn_about(const AllocationsByStack& by_stack) {
  print_warnings(damage_warnings(by_stack.images));
  print_warnings(module_warnings(by_stack.tree));
}

}  // namespace cistern::analyzer
