// The command line of `cistern`.
#pragma once

namespace cistern::analyzer {

// Parses the command line and runs one command. A wrong command line is reported on standard error, in one line.
// Returns the exit code. Errors: Failure. Calls after the first one are possible (tests).
int run_command_line(int argc, char** argv);

// "cistern 0.1.0".
const char* version_text() noexcept;

}  // namespace cistern::analyzer
