#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/summary_text.h"

namespace cistern::analyzer {

void set_up_summary(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ReportOptions>();
  add_report_flags(app, *options, {.depth = false});
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_summary(*options)); });
}

}  // namespace cistern::analyzer
