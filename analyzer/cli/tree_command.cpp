#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/tree_json.h"
#include "analyzer/render/text/tree_text.h"

namespace cistern::analyzer {

void set_up_tree(CLI::App& app, int& exit_code) {
  const auto min_share_percent = std::make_shared<double>(1);
  const auto text = [min_share_percent](const TreeResult& result, const TreeQuery& query, const OutputOptions& output,
                                        const Terminal& terminal) {
    return tree_text(result, query, output, terminal, *min_share_percent);
  };
  set_up_report<TreeQuery>(app, exit_code, {.at = true}, text, tree_json);
  app.add_option("--min-share", *min_share_percent,
                 "In text, leave out branches below PERCENT of the total (default 1)")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0).description(""));
}

}  // namespace cistern::analyzer
