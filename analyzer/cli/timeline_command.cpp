#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/timeline_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMaxPoints = 1'000'000;

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TimelineOptions>();
  add_report_flags(app, options->report, {.top = false, .depth = false, .filters = false, .stacks = false});
  app.add_flag("--csv", options->csv, "One row a point, with a row of names")->excludes(app.get_option("--json"));
  app.add_option_function<size_t>(
         "--points", [options](const size_t& points) { options->points = points; },
         "So many moments at equal distances (20 rows of text, else 200)")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, kMaxPoints));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_timeline(*options)); });
}

}  // namespace

const Command kTimelineCommand = {"timeline", "Live, held and resident memory over time, with marks and collections",
                                  set_up};

}  // namespace cistern::analyzer
