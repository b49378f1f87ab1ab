// `cistern loop`: calls a Python function again and again and records it, with a mark after each call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/launch/run.h"

namespace cistern::analyzer {

struct LoopRequest {
  RunRequest run;      // its settings; record_loop() sets the command
  std::string target;  // "package.module:function", or ":Class.method"
  std::string python = "python3";
  uint64_t times = 1000;
  std::optional<uint64_t> warm_up;     // calls before the first mark; default: a tenth of `times`, at least 10
  std::vector<std::string> arguments;  // for sys.argv
};

// The command line that `cistern run` would get. Errors: Failure, exit code 2, when the target is malformed.
std::vector<std::string> loop_command(const LoopRequest& request);

// Runs and records it. Returns the path of the profile.
// Errors: Failure: exit code 125 when not all calls were made (an exception, sys.exit), 128 + N when signal N ended the
// program; and the errors of record_program().
std::string record_loop(LoopRequest request, const char* invoked);

}  // namespace cistern::analyzer
