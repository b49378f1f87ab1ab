#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/tree_text.h"

namespace cistern::analyzer {
namespace {

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TreeOptions>();
  add_report_flags(app, options->report, {.at = true});
  app.add_option("--min-share", options->min_share_percent, "Fold branches below so many percent of the whole (1)")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_tree(*options)); });
}

}  // namespace

const Command kTreeCommand = {"tree", "Who called whom, and how much each branch holds", set_up};

}  // namespace cistern::analyzer
