// An error that ends a command: a message of one line, and the exit code. Thrown in the analyzer, caught in main.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

namespace cistern::analyzer {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,      // a check failed
  kUsage = 2,       // the command line is wrong
  kUnreadable = 3,  // a profile that cannot be read at all, or an output that cannot be written
  kInternal = 4,    // an error in Cistern
};

// `what()` is "WHAT: WHERE: WHY (what to do)", without the program's name and without a newline. WHAT and the part in
// parentheses may be missing.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

// Why a system call failed; `error` is an errno.
inline std::string error_text(int error) {
  return std::strerror(error);
}
inline Failure unreadable(const std::string& path, const std::string& what) {
  return {ExitCode::kUnreadable, path + ": " + what};
}
// A system call on a file failed that the analyzer writes.
inline Failure file_failure(const std::string& path, int error) {
  return unreadable(path, error_text(error));
}
// A profile that cannot be read, and why.
inline Failure cannot_read(const std::string& path, const std::string& why) {
  return unreadable("cannot read profile: " + path, why);
}
inline Failure usage_error(const std::string& what) {
  return {ExitCode::kUsage, what};
}

}  // namespace cistern::analyzer
