// The command line of `cistern run`. It has a grammar of its own: our options end at the first word that is not one, or
// at `--`, and everything behind belongs to the program.
#pragma once

#include <span>
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
  bool symbols = true;  // look up what native addresses are, at the end
  bool help = false;
  std::vector<std::string> command;  // the program and its arguments; never empty unless `help`
};

// An option of `run`, for other commands that record too.
struct RunOption {
  const char* name;
  char letter;           // 0: none
  const char* argument;  // null: takes none
  const char* setting;   // name in CISTERN_OPTIONS; null: concerns `run` alone
  const char* fixed;     // value of the setting when there is no argument
  const char* help;
};
std::span<const RunOption> run_options();
// Takes an option into the request; `value` is null for one without an argument.
void apply(RunRequest& request, const RunOption& option, const char* value);

// `arguments[0]` is the word "run". Values are not checked here. Errors: Failure, exit code 125.
RunRequest parse_run_request(int count, char** arguments);

// What `cistern run --help` prints.
std::string run_help();

}  // namespace cistern::analyzer
