// Failures of `cistern run` itself. Their exit codes are those of env, nice and timeout, so that a caller can tell them
// from the exit codes of the program.
#pragma once

#include <string>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {

constexpr ExitCode kRunFailed{125};
constexpr ExitCode kCannotExecute{126};
constexpr ExitCode kProgramNotFound{127};

inline Failure run_failure(const std::string& subject, const std::string& what) {
  return {kRunFailed, subject + ": " + what};
}
// `error` is an errno.
inline Failure run_failure(const std::string& subject, int error) {
  return run_failure(subject, error_text(error));
}

// The same message with an exit code of `run`: 126 and 127 stay, every other code becomes 125.
inline Failure as_run_failure(const Failure& failure) {
  const ExitCode code = failure.code();
  return {code == kCannotExecute || code == kProgramNotFound ? code : kRunFailed, failure.what()};
}

}  // namespace cistern::analyzer
