#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/summary_json.h"
#include "analyzer/render/text/summary_text.h"

namespace cistern::analyzer {
namespace {

struct SummaryCommandLine {
  SummaryQuery query;
  OutputOptions output;
};

}  // namespace

void set_up_summary(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<SummaryCommandLine>();
  add_report_flags(app, options->query.report, options->output, {.depth = false});
  app.callback([options, &exit_code] {
    exit_code = static_cast<int>(report(options->query, options->output, summary_text, summary_json));
  });
}

}  // namespace cistern::analyzer
