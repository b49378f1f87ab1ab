#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/write/packing.h"

namespace cistern::analyzer {
namespace {

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PackOptions>();
  app.add_option("profile", options->paths, "Profiles whose programs have ended, with those of their children")
      ->required()
      ->type_name("FILE");
  app.add_option("-o,--output", options->output, "Leave the profile as it is and write another")->type_name("PATH");
  app.add_flag("--plain", options->plain, "Unpack: as --ring spill would have left it");
  CLI::Option* const plain = app.get_option("--plain");
  app.add_flag("--snapshot", options->snapshot,
               "Put totals in the place of events, as run --ring snapshot does: leaks, pools, peak, lines, tree and "
               "summary stay, each single event does not")
      ->excludes(plain);
  app.callback([options, &exit_code] {
    if (!options->output.empty() && options->paths.size() > 1) throw usage_error("--output takes one profile");
    exit_code = static_cast<int>(pack_profiles(*options));
  });
}

}  // namespace

const Command kPackCommand = {"pack", "Makes a profile three to ten times smaller, losing nothing", set_up};

}  // namespace cistern::analyzer
