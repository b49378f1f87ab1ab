#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/peak_json.h"
#include "analyzer/render/text/peak_text.h"

namespace cistern::analyzer {
namespace {

struct PeakCommandLine {
  PeakQuery query;
  OutputOptions output;
};

}  // namespace

void set_up_peak(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PeakCommandLine>();
  add_report_flags(app, options->query.report, options->output, {});
  app.callback([options, &exit_code] {
    exit_code = static_cast<int>(report(options->query, options->output, peak_text, peak_json));
  });
}

}  // namespace cistern::analyzer
