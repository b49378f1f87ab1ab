// The command line of `cistern run`. It has a grammar of its own: our options end at the first word that is not one, or
// at `--`, and everything behind belongs to the program.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cistern::analyzer {

// A name and a value of include/cistern/options.h.
using Setting = std::pair<std::string, std::string>;

struct RunRequest {
  std::vector<Setting> settings;  // in the order in which they were given
  std::string preload_library;    // empty: the one that belongs to this installation
  bool wrapper = false;           // the program itself need not be recordable
  bool verbose = false;
  bool help = false;
  std::vector<std::string> command;  // the program and its arguments; never empty unless `help`
};

// `arguments[0]` is the word "run". Values are not checked here. Errors: Failure, exit code 125.
RunRequest parse_run_request(int count, char** arguments);

// What `cistern run --help` prints.
std::string run_help();

}  // namespace cistern::analyzer
