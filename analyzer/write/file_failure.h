// Failures of system calls on files that the analyzer writes.
#pragma once

#include <cstring>
#include <string>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {

// Why a system call failed; `error` is an errno.
inline std::string error_text(int error) {
  return std::strerror(error);
}

// Exit code 3. The message names `path` and the reason.
inline Failure file_failure(const std::string& path, int error) {
  return unreadable(path, error_text(error));
}

}  // namespace cistern::analyzer
