#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/cli/report_steps.h"
#include "analyzer/render/json/tree_json.h"
#include "analyzer/render/text/tree_text.h"

namespace cistern::analyzer {
namespace {

struct TreeOptions {
  TreeQuery query;
  OutputOptions output;
  double min_share_percent = 1;
};

ExitCode run_tree(const TreeOptions& options) {
  const Recordings recordings = open_profiles(options.query.paths);
  const TreeResult result = analyzed(recordings, options.query);
  print_warnings(result.by_stack.images, &result.by_stack.tree);
  write_out(options.output.json ? tree_json(result, options.output)
                                : tree_text(result, options.output, options.min_share_percent));
  return recordings.exit_code();
}

}  // namespace

void set_up_tree(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TreeOptions>();
  add_report_flags(app, options->query, options->output, {.at = true});
  app.add_option("--min-share", options->min_share_percent,
                 "In text, leave out branches below PERCENT of the total (default 1)")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0).description(""));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_tree(*options)); });
}

}  // namespace cistern::analyzer
