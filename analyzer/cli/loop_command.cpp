#include <memory>
#include <string_view>

#include "analyzer/check/check_result.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/record_flags.h"
#include "analyzer/cli/report.h"
#include "analyzer/launch/loop.h"
#include "analyzer/render/json/check_json.h"
#include "analyzer/render/text/leaks_text.h"
#include "analyzer/render/text/loop_text.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] = R"(
MODULE is imported as `python3 -m` does it, with the working directory on the
path. A method, CLASS.METHOD, is called on one instance of the class. The calls
of a coroutine function run on one event loop. Cistern sets a mark, "iteration",
before the first counted call and after each counted call. Memory that grows
from mark to mark is a leak.

Exit codes:
  0      nothing grew
  1      something leaks
  2      wrong command line
  3      the profile is incomplete
  125    not all calls were made (exception, exit), or cistern failed
  126    Python cannot be executed
  127    Python was not found
  128+N  signal N ended the program)";

struct LoopOptions {
  LoopRequest request;
  bool json = false;
};

// Whether an option makes sense for a function, rather than for a whole program.
bool is_for_functions(const RunOption& option) {
  const std::string_view name = option.name;
  return name != "help" && name != "wrapper" && name != "no-start";
}

ExitCode report_loop(const std::string& path, const LoopOptions& options) {
  CheckQuery query;
  query.report.paths = {path};
  const Recordings recordings = open_and_warn(query.report.paths);
  const CheckResult result = analyze_and_warn(query, recordings);
  if (options.json) {
    write_out(check_json(result, query, {}));
    return result.exit_code();
  }
  const Terminal terminal = terminal_of(stdout);
  if (!result.profiles.front()->verdict.failures.empty()) {
    const LeaksQuery leaks{query.report, {}, false};
    write_out(leaks_text(analyze(leaks, recordings, nullptr), leaks, {}, terminal));
  }
  write_out(loop_text(result, {options.request.target, options.request.times}, terminal));
  return result.exit_code();
}

}  // namespace

void set_up_loop(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LoopOptions>();
  LoopRequest& request = options->request;
  app.add_option("function", request.target, "The function to call; it gets no arguments")
      ->required()
      ->type_name("MODULE:FUNCTION");
  app.add_option("arguments", request.arguments, "Values for sys.argv, after --")->type_name("ARGUMENT");
  app.add_option("-n,--times", request.times, "Number of counted calls (default 1000)")
      ->type_name("N")
      ->check(CLI::Range(2u, 1'000'000'000u).description(""));
  app.add_option_function<uint64_t>(
         "--warm-up", [&request](const uint64_t& calls) { request.warm_up = calls; },
         "Number of calls before the counted ones (default: a tenth of --times, at least 10)")
      ->type_name("N");
  app.add_option("--python", request.python, "The interpreter (default python3)")->type_name("PATH");
  app.add_flag("--json", options->json, "Print the verdict as JSON, in the format of check");
  add_record_flags(app, request.run, is_for_functions);
  app.footer(kFooter);
  app.callback([options, &exit_code] {
    exit_code = static_cast<int>(report_loop(record_loop(options->request, "cistern"), *options));
  });
}

}  // namespace cistern::analyzer
