#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "analyzer/check/check.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/record_flags.h"
#include "analyzer/launch/loop.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/json/check_json.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/leaks_text.h"

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

std::string verdict_text(const CheckedProfile& checked, const LoopRequest& request) {
  const std::string calls = fmt::format("in {} of {}", plural(request.times, "call"), request.target);
  if (checked.verdict.failures.empty()) return "nothing grew " + calls;
  const Amount& leaked = checked.verdict.leaked;
  std::string text =
      fmt::format("{} in {} leaked {}", format_bytes(leaked.bytes), plural(leaked.blocks, "block"), calls);
  double bytes = 0;
  double blocks = 0;
  for (const LeakGroup& group : checked.findings.groups) {
    if (!group.is_leak()) continue;
    bytes += group.growth.bytes_per_mark;
    blocks += group.growth.blocks_per_mark;
  }
  return blocks == 0
             ? text
             : text + fmt::format(": {} in {:.3g} blocks per call", format_bytes(static_cast<uint64_t>(bytes)), blocks);
}

ExitCode report_loop(const CheckOptions& options, const LoopRequest& request) {
  const CheckResult result = check_profiles(options);
  const CheckedProfile& checked = *result.profiles.front();
  if (options.report.output.json) {
    write_out(check_json(result, options));
    return result.exit_code();
  }
  if (!checked.verdict.failures.empty()) {
    LeaksOptions leaks;
    leaks.report.query.paths = options.report.query.paths;
    report_leaks(leaks);
  }
  const Terminal terminal = terminal_of(stdout);
  const auto columns = static_cast<size_t>(terminal.columns);
  std::string out;
  for (const std::string& reason : checked.verdict.incomplete) out += wrapped("NOT COMPLETE  " + reason, columns);
  const std::string_view word = result.passed() ? "PASS" : checked.verdict.complete() ? "FAIL" : "····";
  out += wrapped(std::string(word) + "  " + verdict_text(checked, request), columns);
  if (checked.verdict.failures.empty()) out += "next: cistern leaks --all " + shell_word(checked.path()) + "\n";
  write_out(out);
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
    CheckOptions check;
    check.report.query.paths = {record_loop(options->request, "cistern")};
    check.report.output.json = options->json;
    exit_code = static_cast<int>(report_loop(check, options->request));
  });
}

}  // namespace cistern::analyzer
