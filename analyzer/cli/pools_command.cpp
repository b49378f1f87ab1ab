#include <map>
#include <memory>
#include <string>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/pools_json.h"
#include "analyzer/render/text/pools_text.h"

namespace cistern::analyzer {

void set_up_pools(CLI::App& app, int& exit_code) {
  const auto map = std::make_shared<bool>(false);
  const auto text = [map](const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output,
                          const Terminal& terminal) { return pools_text(result, query, output, terminal, *map); };
  const auto json = [map](const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output,
                          const TextSink& write) { pools_json(result, query, output, *map, write); };
  const auto query =
      set_up_report<PoolsQuery>(app, exit_code, {.filters = false, .at = true, .worst = true}, text, json);
  const std::map<std::string, GroupBy> choices = {{"function", GroupBy::kFunction}, {"line", GroupBy::kLine}};
  app.add_option_function<std::string>(
         "--by", [query, choices](const std::string& text) { query->by = choices.at(text); },
         "List the used bytes by function or line, and group the pinning blocks in the same way")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"function", "line"}).description(""));
  app.add_flag("--map", *map, "Draw each arena as a line, each pool as a character");
}

}  // namespace cistern::analyzer
