#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/write/symbolize.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] =
    "Names come from the files that were recorded, if they are still the same build, and\n"
    "from debug information: in them, in /usr/lib/debug, by .gnu_debuglink, or from the\n"
    "servers in DEBUGINFOD_URLS. What was found stays in the profile, wherever it is read.\n";

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<SymbolizeOptions>();
  app.add_option("profile", options->paths, "Profiles whose programs have ended, with those of their children")
      ->required()
      ->type_name("FILE");
  app.footer(kFooter);
  app.callback([options, &exit_code] { exit_code = static_cast<int>(symbolize_profiles(*options)); });
}

}  // namespace

const Command kSymbolizeCommand = {"symbolize", "Names a profile's native functions, for where their files are not",
                                   set_up};

}  // namespace cistern::analyzer
