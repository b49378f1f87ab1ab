#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/tree_json.h"
#include "analyzer/render/text/tree_text.h"

namespace cistern::analyzer {
namespace {

struct TreeCommandLine {
  TreeQuery query;
  OutputOptions output;
  double min_share_percent = 1;
};

ExitCode run_tree(const TreeCommandLine& options) {
  const auto text = [&](const TreeResult& result, const TreeQuery& query, const OutputOptions& output,
                        const Terminal& terminal) {
    return tree_text(result, query, output, terminal, options.min_share_percent);
  };
  return report(options.query, options.output, text, tree_json);
}

}  // namespace

void set_up_tree(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TreeCommandLine>();
  add_report_flags(app, options->query.report, options->output, {.at = true});
  app.add_option("--min-share", options->min_share_percent,
                 "In text, leave out branches below PERCENT of the total (default 1)")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0).description(""));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_tree(*options)); });
}

}  // namespace cistern::analyzer
