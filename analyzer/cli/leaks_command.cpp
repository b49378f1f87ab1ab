#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/leaks_json.h"
#include "analyzer/render/text/leaks_text.h"

namespace cistern::analyzer {

void set_up_leaks(CLI::App& app, int& exit_code) {
  const auto query = set_up_report<LeaksQuery>(app, exit_code, {.at = true}, leaks_text, leaks_json);
  app.add_flag("--all", query->all, "List all live blocks, not only leaks");
  app.add_option_function<std::string>(
         "--warm-up", [query](const std::string& text) { query->warm_up = parse_moment(text); },
         "Growth counts from this moment: a time or the name of a mark (default: the start of the program's own code, "
         "without imports)")
      ->type_name("MOMENT");
}

}  // namespace cistern::analyzer
