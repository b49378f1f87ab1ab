// What ends a command: one line for the user and the exit code. Thrown anywhere in the analyzer, caught in main.
#pragma once

#include <stdexcept>
#include <string>

namespace cistern::analyzer {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,      // a check that was not passed
  kUsage = 2,       // the command line makes no sense
  kUnreadable = 3,  // a profile that cannot be read at all, or an output that cannot be written
  kInternal = 4,    // our own fault
};

// `what()` is "<subject>: <what> (<where>)", without the program's name and without a newline.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

inline Failure unreadable(const std::string& path, const std::string& what) {
  return {ExitCode::kUnreadable, path + ": " + what};
}
inline Failure usage_error(const std::string& what) {
  return {ExitCode::kUsage, what};
}

}  // namespace cistern::analyzer
