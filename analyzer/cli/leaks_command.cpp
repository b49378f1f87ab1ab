#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/leaks_json.h"
#include "analyzer/render/text/leaks_text.h"

namespace cistern::analyzer {
namespace {

struct LeaksCommandLine {
  LeaksQuery query;
  OutputOptions output;
};

}  // namespace

void set_up_leaks(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LeaksCommandLine>();
  add_report_flags(app, options->query.report, options->output, {.at = true});
  app.add_flag("--all", options->query.all, "List all live blocks, not only leaks");
  app.add_option_function<std::string>(
         "--warm-up", [options](const std::string& text) { options->query.warm_up = parse_moment(text); },
         "Growth counts from this moment: a time or the name of a mark (default: the start of the program's own code, "
         "without imports)")
      ->type_name("MOMENT");
  app.callback([options, &exit_code] {
    exit_code = static_cast<int>(report(options->query, options->output, leaks_text, leaks_json));
  });
}

}  // namespace cistern::analyzer
