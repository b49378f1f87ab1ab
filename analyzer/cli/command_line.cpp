#include "analyzer/cli/command_line.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/help_formatter.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kCommandColumn = 14;  // where descriptions begin in the list of commands
constexpr size_t kOptionColumn = 28;   // the same in the options of a command

int usage_exit(const std::string& message) {
  std::fprintf(stderr, "cistern: %s (see --help)\n", printable(message).c_str());
  return static_cast<int>(ExitCode::kUsage);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// The names of the reports that do not need `missing`: "summary, tree or lines".
std::string reports_without(Needs missing) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.group == kReports && command.needs != missing) names.emplace_back(command.name);
  }
  const std::string last = names.back();
  names.pop_back();
  return CLI::detail::join(names, ", ") + " or " + last;
}

int parse_and_run(CLI::App& app, int argc, char** argv, const int& exit_code) {
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const NotInProfile& failure) {
    throw Failure(failure.code(), failure.what() + (" (use " + reports_without(failure.needs()) + ")"));
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return usage_exit(first_line(error.what()));
  }
}

void add_command(CLI::App& app, const Command& command, int& exit_code) {
  CLI::App* const added = app.add_subcommand(command.name, command.help);
  added->group(std::string(command.group));
  added->formatter(std::make_shared<HelpFormatter>(kOptionColumn));
  command.set_up(*added, exit_code);
}

}  // namespace

const char* version_text() noexcept {
  return "cistern " CISTERN_VERSION;
}

int run_command_line(int argc, char** argv) {
  const auto command = std::find_if(commands().begin(), commands().end(), [&](const Command& one) {
    return argc > 1 && std::string_view(argv[1]) == one.name;
  });
  const bool is_known = command != commands().end();
  if (is_known && command->parser != nullptr) return command->parser(argc - 1, argv + 1, argv[0]);
  if (!is_known && argc > 1 && argv[1][0] != '-') return usage_exit(std::string(argv[1]) + ": no such command");
  CLI::App app("Cistern, a memory profiler for unmodified python3 programs", "cistern");
  app.formatter(std::make_shared<HelpFormatter>(kCommandColumn));
  app.set_help_flag("-h,--help", "Print this text");
  app.set_version_flag("--version", version_text(), "Print the version");
  app.require_subcommand(1);
  app.fallthrough(false);
  int exit_code = 0;
  for (const Command& one : commands()) {
    if (!is_known || one.name == command->name) add_command(app, one, exit_code);
  }
  if (argc <= 1) {
    std::fprintf(stderr, "%s\n", app.help().c_str());
    return usage_exit("no command given");
  }
  return parse_and_run(app, argc, argv, exit_code);
}

}  // namespace cistern::analyzer
