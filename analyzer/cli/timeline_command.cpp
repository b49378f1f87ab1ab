#include <memory>
#include <optional>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/export/timeline_csv.h"
#include "analyzer/render/json/timeline_json.h"
#include "analyzer/render/text/timeline_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTextPoints = 20;
constexpr size_t kDataPoints = 200;
constexpr size_t kMaxPoints = 1'000'000;

struct TimelineCommandLine {
  TimelineQuery query;
  OutputOptions output;
  bool csv = false;
  std::optional<size_t> points;
};

ExitCode run_timeline(TimelineCommandLine& options) {
  const bool text = !options.output.json && !options.csv;
  options.query.points = options.points.value_or(text ? kTextPoints : kDataPoints);
  const Recordings recordings = open_and_warn(options.query.report.paths);
  const TimelineResult result = analyze_and_warn(options.query, recordings);
  if (options.csv) print_warnings(incompleteness_warnings(result.images));
  write_out(options.output.json ? timeline_json(result)
            : options.csv       ? timeline_csv(result)
                                : timeline_text(result, options.query, terminal_of(stdout)));
  return recordings.exit_code();
}

}  // namespace

void set_up_timeline(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TimelineCommandLine>();
  add_report_flags(app, options->query.report, options->output,
                   {.top = false, .depth = false, .filters = false, .stacks = false});
  app.add_flag("--csv", options->csv, "Print CSV: a header, then one row for each point")
      ->excludes(app.get_option("--json"));
  app.add_option_function<size_t>(
         "--points", [options](const size_t& points) { options->points = points; },
         "Number of points at equal intervals (default 20 in text, 200 in JSON and CSV)")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, kMaxPoints).description(""));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_timeline(*options)); });
}

}  // namespace cistern::analyzer
