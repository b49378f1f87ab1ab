#include "analyzer/launch/exec_program.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "analyzer/launch/background_packer.h"
#include "analyzer/launch/environment.h"
#include "analyzer/launch/free_output.h"
#include "analyzer/launch/option_text.h"
#include "analyzer/launch/preload_library.h"
#include "analyzer/launch/program_file.h"
#include "analyzer/launch/run_failure.h"
#include "analyzer/launch/run_request.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

void say(const std::string& line) {
  std::fprintf(stderr, "cistern: %s\n", printable(line).c_str());
}

std::string escaped(const std::string& path) {
  std::string out;
  for (const char c : path) out.append(c == '%' ? 2 : 1, c);
  return out;
}

// What stands after `--`.
std::vector<std::string> command_behind_dashes(int count, char** arguments) {
  char** const end = arguments + count;
  char** const dashes = std::find_if(arguments, end, [](const char* word) { return std::strcmp(word, "--") == 0; });
  return dashes == end ? std::vector<std::string>() : std::vector<std::string>(dashes + 1, end);
}

void start_packer(const std::string& profile, const OptionText& options, const RunRequest& request) {
  if (options.ring != RingMode::kDrain && options.ring != RingMode::kSnapshot) return;
  const auto pid = static_cast<uint32_t>(getpid());
  try {
    start_background_packer({profile, options.ring, WatchedProcess{pid, start_ticks_of(pid)}, request.symbols});
  } catch (const Failure& failure) {
    say("not packed: " + std::string(failure.what()) + " (cistern drain packs it later)");
  }
}

// The environment in which the program is recorded. Errors: Failure, std::exception: it cannot be.
std::vector<std::string> prepare(RunRequest request, const std::string& program) {
  const std::string directory = working_directory();
  const std::string library = find_preload_library(request.preload_library);
  const std::string inherited = variable(kOptionsVariable);
  if (!request.wrapper) check_program(program, library);
  const OptionText asked = compose_options(inherited, request.settings, directory);
  const std::string profile = reserve_output(asked.output, asked.force, request.command);
  request.settings.emplace_back("output", escaped(profile));
  OptionText options = compose_options(inherited, request.settings, directory);
  if (options.force) options.text += " force=off";  // the name is ours; later processes must not overwrite the profile
  std::vector<std::string> environment =
      environment_with({{kPreloadVariable, preload_value(library, variable(kPreloadVariable))},
                        {kOptionsVariable, options.text},
                        {kRunVariable, profile + ".d"}});
  start_packer(profile, options, request);
  if (request.verbose) say("recording to " + profile);
  return environment;
}

// Errors: Failure when the program cannot be executed.
[[noreturn]] void become(const std::string& program, const std::vector<std::string>& command,
                         const std::vector<std::string>& environment) {
  execve(program.c_str(), pointers_to(command).data(), pointers_to(environment).data());
  const int error = errno;
  throw Failure(error == ENOENT ? kProgramNotFound : kCannotExecute,
                program + ": cannot be executed: " + error_text(error));
}

std::vector<std::string> own_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

RunRequest parse_or_take_command(int count, char** arguments, bool& valid) {
  valid = true;
  try {
    return parse_run_request(count, arguments);
  } catch (const Failure& failure) {
    RunRequest request;
    request.command = command_behind_dashes(count, arguments);
    if (request.command.empty()) throw;
    say("not recorded: " + std::string(failure.what()));
    valid = false;
    return request;
  }
}

}  // namespace

int exec_program(int count, char** arguments, const char* /*invoked*/) {
  bool valid = true;
  const RunRequest request = parse_or_take_command(count, arguments, valid);
  if (request.help) {
    std::fputs(exec_help().c_str(), stdout);
    return 0;
  }
  const std::string program = find_program(request.command[0]);
  std::vector<std::string> environment = own_environment();
  if (valid) {
    try {
      environment = prepare(request, program);
    } catch (const std::exception& failure) {
      say("not recorded: " + std::string(failure.what()));
    }
  }
  become(program, request.command, environment);
}

}  // namespace cistern::analyzer
