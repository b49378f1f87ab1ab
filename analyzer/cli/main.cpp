// `cistern`: parses the command line, runs one command, and turns every error into one line and an exit code.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/commands.h"
#include "analyzer/read/failure.h"
#include "analyzer/launch/run.h"
#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

int complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "cistern: %s\n", printable(message).c_str());
  return static_cast<int>(code);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

int parse_and_run(CLI::App& app, int argc, char** argv, const int& exit_code) {
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return complain(first_line(error.what()) + " (see --help)", ExitCode::kUsage);
  }
}

int run(int argc, char** argv) {
  // Everything behind `run` but its options belongs to the program that is run.
  if (argc > 1 && std::string_view(argv[1]) == kRunCommand.name) return run_program(argc - 1, argv + 1, argv[0]);
  int exit_code = 0;
  const std::vector<Command> known = commands();
  const auto has_name = [&](const Command& command) { return std::string_view(argv[1]) == command.name; };
  if (argc > 1 && argv[1][0] != '-' && std::none_of(known.begin(), known.end(), has_name)) {
    return complain(std::string(argv[1]) + ": no such command (see --help)", ExitCode::kUsage);
  }
  CLI::App app("Cistern, a memory profiler for unmodified python3 programs", "cistern");
  app.set_version_flag("--version", "cistern " CISTERN_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  for (const Command& command : known) {
    command.setup(*app.add_subcommand(command.name, command.help), exit_code);
  }
  return parse_and_run(app, argc, argv, exit_code);
}

// Where stdin, stdout or stderr were closed, a file that we open would take their numbers, and our output with it. A
// program that we run finds them closed.
void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR | O_CLOEXEC);
  }
}

}  // namespace
}  // namespace cistern::analyzer

int main(int argc, char** argv) {
  using cistern::analyzer::ExitCode;
  cistern::analyzer::occupy_standard_descriptors();
  try {
    return cistern::analyzer::run(argc, argv);
  } catch (const cistern::analyzer::Failure& failure) {
    return cistern::analyzer::complain(failure.what(), failure.code());
  } catch (const std::bad_alloc&) {
    return cistern::analyzer::complain("out of memory", ExitCode::kInternal);
  } catch (const std::exception& error) {
    return cistern::analyzer::complain(std::string("internal error: ") + error.what(), ExitCode::kInternal);
  }
}
