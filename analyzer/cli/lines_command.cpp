#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/lines_json.h"
#include "analyzer/render/text/lines_text.h"

namespace cistern::analyzer {
namespace {

struct LinesCommandLine {
  LinesQuery query;
  OutputOptions output;
};

ExitCode run_lines(const LinesCommandLine& options) {
  const Recordings recordings = open_and_warn(options.query.report.paths);
  const LinesResult result = analyze_and_warn(options.query, recordings);
  const SourceText source = read_source(result.source_paths, result.recorded_unix_ns);
  write_out(options.output.json ? lines_json(result, source)
                                : lines_text(result, options.query, source, options.output, terminal_of(stdout)));
  return recordings.exit_code();
}

}  // namespace

void set_up_lines(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LinesCommandLine>();
  app.add_option("source", options->query.file, "The source file: its path, or the end of its path")
      ->required()
      ->type_name("FILE.py");
  add_report_flags(app, options->query.report, options->output, {.depth = false, .at = true});
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_lines(*options)); });
}

}  // namespace cistern::analyzer
