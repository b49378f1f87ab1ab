// Runs `cistern` in this process, and captures what it prints on standard output. For tests of reports.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "analyzer/cli/command_line.h"

namespace cistern::analyzer {

struct CommandOutput {
  int exit_code = -1;
  std::string out;
};

// Runs a command without capturing its output. `arguments` begin with the name of the command. Returns the exit code.
// Errors: Failure, which main() would print.
inline int run_uncaptured(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cistern");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return run_command_line(static_cast<int>(arguments.size()), argv.data());
}

// Runs a command, and captures standard output.
inline CommandOutput run_cistern(const std::vector<std::string>& arguments) {
  testing::internal::CaptureStdout();
  CommandOutput output;
  try {
    output.exit_code = run_uncaptured(arguments);
  } catch (...) {
    testing::internal::GetCapturedStdout();
    throw;
  }
  output.out = testing::internal::GetCapturedStdout();
  return output;
}

// The output of a command that succeeds.
inline std::string printed_by(const std::vector<std::string>& arguments) {
  const CommandOutput output = run_cistern(arguments);
  EXPECT_EQ(output.exit_code, 0) << arguments.front();
  return output.out;
}

}  // namespace cistern::analyzer
