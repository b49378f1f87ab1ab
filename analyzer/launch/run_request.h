// The command line of `cistern run`. Its options end at `--` or at the first word that is not an option; the rest is
// the program's command line.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cistern::analyzer {

// A name and a value of cistern/format/options.h.
using Setting = std::pair<std::string, std::string>;

struct RunRequest {
  std::vector<Setting> settings;  // in the order of the command line
  std::string preload_library;    // empty: the library of this installation
  bool wrapper = false;           // run the program even if it cannot be recorded
  bool verbose = false;
  bool symbols = true;  // store the names of native functions at the end
  bool help = false;
  std::vector<std::string> command;  // the program and its arguments; never empty unless `help`
};

// An option of `run`. Other commands that record have these options too.
struct RunOption {
  const char* name;
  char letter;           // 0: none
  const char* argument;  // null: the option takes no argument
  const char* setting;   // the name in CISTERN_OPTIONS; null: only for `run`
  const char* fixed;     // the value of the setting if the option takes no argument
  const char* help;
};
std::span<const RunOption> run_options();
// Applies an option to the request; `value` is null if it takes no argument.
void apply(RunRequest& request, const RunOption& option, const char* value);

// Parses the command line; `arguments[0]` is the word "run" or "exec". Does not check values. Errors: Failure, exit
// code 125.
RunRequest parse_run_request(int count, char** arguments);

// What `cistern run --help` and `cistern exec --help` print.
std::string run_help();
std::string exec_help();

}  // namespace cistern::analyzer
