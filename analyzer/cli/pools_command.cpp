#include <map>
#include <memory>
#include <string>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/results/pools_result.h"

namespace cistern::analyzer {
namespace {

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PoolsOptions>();
  add_report_flags(app, options->report, {.filters = false, .at = true, .worst = true});
  const std::map<std::string, GroupBy> choices = {{"function", GroupBy::kFunction}, {"line", GroupBy::kLine}};
  app.add_option_function<std::string>(
         "--by", [options, choices](const std::string& text) { options->by = choices.at(text); },
         "Who holds the used bytes, by function or line; survivors are put together likewise")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"function", "line"}));
  app.add_flag("--map", options->map, "Draw the arenas, a character a pool");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_pools(*options)); });
}

}  // namespace

const Command kPoolsCommand = {"pools", "What pymalloc's pools hold, what is wasted, and who keeps free arenas",
                               set_up};

}  // namespace cistern::analyzer
