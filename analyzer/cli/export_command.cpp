#include <map>
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/export/export.h"

namespace cistern::analyzer {
namespace {

const std::map<std::string, ExportFormat> kFormats = {{"collapsed", ExportFormat::kCollapsed}};
const std::map<std::string, Measure> kMeasures = {
    {"live", Measure::kLive}, {"peak", Measure::kPeak}, {"total", Measure::kTotal}};

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ExportOptions>();
  add_report_flags(app, options->report, {.top = false, .depth = false, .at = true});
  app.remove_option(app.get_option("--json"));  // the format is the output
  app.add_option("--format", options->format, "collapsed: a stack a line, for flamegraph.pl and the like")
      ->required()
      ->type_name("FORMAT")
      ->transform(CLI::Transformer(kFormats).description("collapsed"));
  app.add_option("--what", options->what, "live (at --at; the default), peak, or total: all that was allocated")
      ->type_name("WHAT")
      ->transform(CLI::Transformer(kMeasures).description("live, peak or total"));
  app.add_flag("--blocks", options->blocks, "Count blocks instead of bytes");
  app.add_option("-o,--output", options->output, "Write to this file instead of standard output")->type_name("PATH");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(export_profiles(*options)); });
}

}  // namespace

const Command kExportCommand = {"export", "Stacks in the formats of other tools", set_up};

}  // namespace cistern::analyzer
