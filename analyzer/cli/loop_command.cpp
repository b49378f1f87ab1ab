#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "analyzer/check/check.h"
#include "analyzer/cli/commands.h"
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
The module is imported as python3 -m would, with the working directory on the
path; of a class, Class.method is called on one instance. A coroutine function
runs on one event loop. Each call is followed by a mark, "iteration"; the first
mark is set before the calls that count. What grows from mark to mark is shown.

The exit code is 0 when nothing grew, 1 when something leaks, 2 when the
command line makes no sense, 3 when the profile is not complete, 125 when not
all calls were made (an exception, an exit) or cistern itself failed, 126 and
127 when Python cannot be run, 128+N when signal N ended the program.)";

struct LoopOptions {
  LoopRequest request;
  bool json = false;
};

// What concerns a whole program and makes no sense for a function.
bool concerns_loop(const RunOption& option) {
  const std::string_view name = option.name;
  return name != "help" && name != "wrapper" && name != "no-start";
}

void add_run_option(CLI::App& app, RunRequest& request, const RunOption& option) {
  const std::string letter = option.letter != 0 ? fmt::format("-{},", option.letter) : "";
  const std::string names = letter + "--" + option.name;
  if (option.argument != nullptr) {
    app.add_option_function<std::string>(
           names, [&](const std::string& value) { apply(request, option, value.c_str()); }, option.help)
        ->type_name(option.argument)
        ->group("Recording, as for run");
  } else {
    app.add_flag_callback(
           names, [&] { apply(request, option, nullptr); }, option.help)
        ->group("Recording, as for run");
  }
}

std::string verdict_text(const CheckedProfile& checked, const LoopRequest& request) {
  const std::string calls = fmt::format("in {} of {}", plural(request.times, "call"), request.target);
  if (checked.verdict.failures.empty()) return "nothing grew " + calls;
  const Amount& leaked = checked.verdict.leaked;
  std::string text =
      fmt::format("leaks {} in {} {}", format_bytes(leaked.bytes), plural(leaked.blocks, "block"), calls);
  double bytes = 0;
  double blocks = 0;
  for (const LeakGroup& group : checked.findings.groups) {
    if (!group.is_leak()) continue;
    bytes += group.growth.bytes_per_mark;
    blocks += group.growth.blocks_per_mark;
  }
  return blocks == 0
             ? text
             : text + fmt::format(": {} in {:.3g} blocks a call", format_bytes(static_cast<uint64_t>(bytes)), blocks);
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
  if (checked.verdict.failures.empty()) out += "all: cistern leaks --all " + shell_word(checked.path()) + "\n";
  write_out(out);
  return result.exit_code();
}

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LoopOptions>();
  LoopRequest& request = options->request;
  app.add_option("function", request.target, "What to call, without arguments")
      ->required()
      ->type_name("MODULE:FUNCTION");
  app.add_option("arguments", request.arguments, "For sys.argv, behind --")->type_name("ARGUMENT");
  app.add_option("-n,--times", request.times, "Calls that count (1000)")
      ->type_name("N")
      ->check(CLI::Range(2u, 1'000'000'000u));
  app.add_option_function<uint64_t>(
         "--warm-up", [&request](const uint64_t& calls) { request.warm_up = calls; },
         "Calls before them (a tenth, at least 10)")
      ->type_name("N");
  app.add_option("--python", request.python, "The interpreter (python3)")->type_name("PATH");
  app.add_flag("--json", options->json, "The verdict as JSON, as check prints it");
  for (const RunOption& option : run_options()) {
    if (concerns_loop(option)) add_run_option(app, request.run, option);
  }
  app.footer(kFooter);
  app.callback([options, &exit_code] {
    CheckOptions check;
    check.report.query.paths = {record_loop(options->request, "cistern")};
    check.report.output.json = options->json;
    exit_code = static_cast<int>(report_loop(check, options->request));
  });
}

}  // namespace

const Command kLoopCommand = {"loop", "Call a function again and again, and say whether it leaks", set_up};

}  // namespace cistern::analyzer
