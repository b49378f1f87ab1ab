// The subcommands of `cistern`. A command named X is set up by set_up_X(), which lives in X_command.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string_view>

#include "analyzer/launch/exec_program.h"
#include "analyzer/launch/run.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

// All commands, in the order of --help. To add a command, add a line: its declaration and its row in the table follow.
//
//   COMMAND(name, group, needs, parser, help)
//
// `needs`: what a report needs of a profile. A message about a profile that lacks it names the reports that work.
// `parser`: for a command that parses its own arguments; nullptr for all others.
#define CISTERN_COMMANDS(COMMAND)                                                                                  \
  COMMAND(run, kRecording, kHeader, run_program, "Run a program and record its memory")                            \
  COMMAND(exec, kRecording, kHeader, exec_program, "Become a recorded program: for services")                      \
  COMMAND(drain, kRecording, kHeader, nullptr, "Pack the profile of a running program until it ends")              \
  COMMAND(loop, kRecording, kHeader, nullptr, "Call a function repeatedly, and report what leaks")                 \
  COMMAND(summary, kReports, kHeader, nullptr, "What ran, how it ended, and where its memory went")                \
  COMMAND(leaks, kReports, kLiveSet, nullptr, "Memory that leaks, with the lines that allocated it")               \
  COMMAND(peak, kReports, kLiveSet, nullptr, "Memory that was live at the peak, with the lines that allocated it") \
  COMMAND(pools, kReports, kLiveSet, nullptr, "pymalloc's arenas, and the blocks that pin mostly free arenas")     \
  COMMAND(tree, kReports, kHeader, nullptr, "Memory by call path, from the outermost frame to the innermost")      \
  COMMAND(lines, kReports, kHeader, nullptr, "A source file with the memory that each line allocated")             \
  COMMAND(temporary, kReports, kEvents, nullptr, "Blocks that were freed right after their allocation")            \
  COMMAND(timeline, kReports, kEvents, nullptr, "Memory over time, with marks and garbage collections")            \
  COMMAND(check, kReports, kLiveSet, nullptr, "Pass or fail for a build: limits on leaks, peak and held memory")   \
  COMMAND(export, kProfiles, kHeader, nullptr, "Stacks in the formats of other tools")                             \
  COMMAND(pack, kProfiles, kHeader, nullptr, "Make profiles three to ten times smaller, without loss")             \
  COMMAND(symbolize, kProfiles, kHeader, nullptr, "Store the names of native functions in profiles")               \
  COMMAND(dump, kProfiles, kHeader, nullptr, "The segments, records and events of a profile as text")

// Headings in --help.
constexpr std::string_view kRecording = "Recording";
constexpr std::string_view kReports = "Reports";
constexpr std::string_view kProfiles = "Profile files";

struct Command {
  const char* name;
  std::string_view group;
  const char* help;  // one line, without a full stop
  Needs needs;

  // Adds the options to `app` and sets its callback. The callback does the work; it may throw Failure, and sets
  // `exit_code`. The callback must own what it needs (a std::shared_ptr captured by value).
  void (*set_up)(CLI::App& app, int& exit_code);

  // `arguments[0]` is the command's name, `invoked` the path by which cistern was called. Returns the exit code.
  // Errors: Failure.
  int (*parser)(int count, char** arguments, const char* invoked);
};

std::span<const Command> commands() noexcept;

#define COMMAND(name, ...) void set_up_##name(CLI::App& app, int& exit_code);
CISTERN_COMMANDS(COMMAND)
#undef COMMAND

}  // namespace cistern::analyzer
