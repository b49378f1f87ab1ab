#include <map>
#include <memory>
#include <string>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/pools_json.h"
#include "analyzer/render/text/pools_text.h"

namespace cistern::analyzer {
namespace {

struct PoolsCommandLine {
  PoolsQuery query;
  OutputOptions output;
  bool map = false;
};

ExitCode run_pools(const PoolsCommandLine& options) {
  const Recordings recordings = open_and_warn(options.query.report.paths);
  const PoolsResult result = analyze_and_warn(options.query, recordings);
  if (options.output.json) {
    pools_json(result, options.query, options.output, options.map, write_out);
  } else {
    write_out(pools_text(result, options.query, options.output, terminal_of(stdout), options.map));
  }
  return recordings.exit_code();
}

}  // namespace

void set_up_pools(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PoolsCommandLine>();
  add_report_flags(app, options->query.report, options->output, {.filters = false, .at = true, .worst = true});
  const std::map<std::string, GroupBy> choices = {{"function", GroupBy::kFunction}, {"line", GroupBy::kLine}};
  app.add_option_function<std::string>(
         "--by", [options, choices](const std::string& text) { options->query.by = choices.at(text); },
         "List the used bytes by function or line, and group the pinning blocks in the same way")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"function", "line"}).description(""));
  app.add_flag("--map", options->map, "Draw each arena as a line, each pool as a character");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_pools(*options)); });
}

}  // namespace cistern::analyzer
