// `cistern symbolize`: adds the names of native functions to a profile and the profiles of its child processes.
#pragma once

#include <string>

#include "analyzer/model/progress.h"
#include "analyzer/symbols/symbolizer.h"
#include "analyzer/write/symbol_writer.h"

namespace cistern::analyzer {

// Names the native addresses of the profile `path` and all its images, windows included. Reports progress in addresses.
// Errors: Failure, exit code 3, when a process still writes to the profile, or it is no profile or damaged.
SymbolCounts symbolize_profile(const std::string& path, Symbolizer& symbolizer, Progress& progress);

}  // namespace cistern::analyzer
