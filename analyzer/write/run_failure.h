// Why `cistern run` itself failed: the exit codes that env, nice and timeout use for it, so that a caller can tell our
// failure from the program's own. The rest is as for every Failure.
#pragma once

#include <cstring>
#include <string>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {

constexpr ExitCode kRunFailed{125};
constexpr ExitCode kCannotExecute{126};
constexpr ExitCode kProgramNotFound{127};

inline Failure run_failure(const std::string& subject, const std::string& what) {
  return {kRunFailed, subject + ": " + what};
}
inline Failure run_failure(const std::string& subject, int error) {
  return run_failure(subject, std::strerror(error));
}

}  // namespace cistern::analyzer
