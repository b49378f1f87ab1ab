// The command `cistern symbolize`.
#pragma once

#include <string>
#include <vector>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {

struct SymbolizeOptions {
  std::vector<std::string> paths;
};

// Names the native addresses of each profile, with all its images, windows finalized in, and says on stdout how many of
// them. Asks debuginfod, if DEBUGINFOD_URLS says whom. Errors: Failure, exit code 3, when a process of it still runs,
// or it is no profile.
ExitCode symbolize_profiles(const SymbolizeOptions& options);

}  // namespace cistern::analyzer
