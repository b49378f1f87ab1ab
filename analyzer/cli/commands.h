// The table of the subcommands of `cistern`, and their set-up functions. A command named X is set up by set_up_X(),
// which lives in X_command.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <span>

namespace cistern::analyzer {

struct Command {
  const char* name;
  const char* group;  // heading in --help
  const char* help;   // one line, without a full stop

  // Adds the options to `app` and sets its callback. The callback does the work; it may throw Failure, and sets
  // `exit_code`. The callback must own what it needs (a std::shared_ptr captured by value).
  void (*set_up)(CLI::App& app, int& exit_code);

  // For a command that parses its own arguments; null for all others. `arguments[0]` is the command's name, `invoked`
  // the path by which cistern was called. Returns the exit code. Errors: Failure.
  int (*run)(int count, char** arguments, const char* invoked) = nullptr;
};

// All commands, in the order of --help.
std::span<const Command> commands() noexcept;

void set_up_run(CLI::App& app, int& exit_code);
void set_up_loop(CLI::App& app, int& exit_code);
void set_up_summary(CLI::App& app, int& exit_code);
void set_up_leaks(CLI::App& app, int& exit_code);
void set_up_peak(CLI::App& app, int& exit_code);
void set_up_pools(CLI::App& app, int& exit_code);
void set_up_tree(CLI::App& app, int& exit_code);
void set_up_lines(CLI::App& app, int& exit_code);
void set_up_temporary(CLI::App& app, int& exit_code);
void set_up_timeline(CLI::App& app, int& exit_code);
void set_up_check(CLI::App& app, int& exit_code);
void set_up_export(CLI::App& app, int& exit_code);
void set_up_pack(CLI::App& app, int& exit_code);
void set_up_symbolize(CLI::App& app, int& exit_code);
void set_up_dump(CLI::App& app, int& exit_code);

}  // namespace cistern::analyzer
