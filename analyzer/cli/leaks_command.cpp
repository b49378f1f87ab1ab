#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/leaks_text.h"

namespace cistern::analyzer {

void set_up_leaks(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LeaksOptions>();
  add_report_flags(app, options->report, {.at = true});
  app.add_flag("--all", options->all, "Everything that was still alive, leak or not");
  app.add_option_function<std::string>(
         "--warm-up", [options](const std::string& text) { options->warm_up = parse_moment(text); },
         "Growth counts from here on: a time, a mark's name (default: when the program's own code begins, "
         "imports left out)")
      ->type_name("MOMENT");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_leaks(*options)); });
}

}  // namespace cistern::analyzer
