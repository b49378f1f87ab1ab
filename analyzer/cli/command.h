// One subcommand of `cistern`. A command lives in a file of its own in this folder, <name>_command.cpp, which defines
// one `Command`; commands.cpp has the list of them.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

namespace cistern::analyzer {

struct Command {
  const char* name;
  const char* help;  // one line, without a full stop

  // Adds options to `app` and sets its callback, which does the work and may throw Failure or set `exit_code`.
  // What the callback needs must be owned by it (a std::shared_ptr captured by value).
  void (*setup)(CLI::App& app, int& exit_code);
};

// All commands, in the order in which --help lists them.
std::vector<Command> commands();

}  // namespace cistern::analyzer
