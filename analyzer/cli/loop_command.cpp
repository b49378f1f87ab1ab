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
The module is imported as by python3 -m, with the working directory in sys.path.
Class.method is called on one instance of the class. A coroutine function runs
on one event loop. A mark, "iteration", is set before the first call that counts
and after each call. Memory that grows from mark to mark is reported.

The exit code is 0 if nothing grew, 1 if something leaks, 2 if the command line
is wrong, 3 if the profile is incomplete, 125 if not all calls were made (an
exception, an exit) or cistern itself failed, 126 or 127 if Python cannot be
run, 128+N if signal N ended the program.)";

struct LoopOptions {
  LoopRequest request;
  bool json = false;
};

// Some options of `run` make sense only for a whole program.
bool applies_to_loop(const RunOption& option) {
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
        ->group("Recording (as for run)");
  } else {
    app.add_flag_callback(
           names, [&] { apply(request, option, nullptr); }, option.help)
        ->group("Recording (as for run)");
  }
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

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LoopOptions>();
  LoopRequest& request = options->request;
  app.add_option("function", request.target, "The function to call, without arguments")
      ->required()
      ->type_name("MODULE:FUNCTION");
  app.add_option("arguments", request.arguments, "For sys.argv, after --")->type_name("ARGUMENT");
  app.add_option("-n,--times", request.times, "Number of calls that count (1000)")
      ->type_name("N")
      ->check(CLI::Range(2u, 1'000'000'000u));
  app.add_option_function<uint64_t>(
         "--warm-up", [&request](const uint64_t& calls) { request.warm_up = calls; },
         "Number of calls before these (a tenth, at least 10)")
      ->type_name("N");
  app.add_option("--python", request.python, "The interpreter (python3)")->type_name("PATH");
  app.add_flag("--json", options->json, "Print the verdict as JSON, as check does");
  for (const RunOption& option : run_options()) {
    if (applies_to_loop(option)) add_run_option(app, request.run, option);
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

const Command kLoopCommand = {"loop", "Call a function again and again and check whether it leaks", set_up};

}  // namespace cistern::analyzer
