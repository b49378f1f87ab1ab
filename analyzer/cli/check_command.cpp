#include <algorithm>
#include <memory>

#include "analyzer/check/check_result.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/check_json.h"
#include "analyzer/render/text/check_text.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] = R"(
A profile passes when it exceeds no limit. Without any limit, every leak fails;
with --max-peak or --max-held alone, leaks are not judged: add --max-leak.
A leak is what `cistern leaks` shows without --all. Each profile is judged
separately; peak and held memory are judged for each process. Filters select
leaks. Held memory is the part of pymalloc's arenas that no block uses, and the
free memory in glibc's heaps, both at the end.

SIZE is a number of bytes, or has a unit: 512, 64KiB, 10MB.

--suppressions FILE names a TOML file with leaks to accept:

  [[suppress]]
  function = "Registry.add"       # text in the name, or a glob with * ? [ ]
  file = "*/plugins.py"           # of the same frame
  module = "*/_fast*.so"          # of a native frame of the stack
  kind = "unknown"                # of the leak
  reason = "plugins live as long as the process"
  expires = 2027-01-31            # optional: the last day (UTC) it is valid

An entry needs a reason and at least one of the first four fields. All given
fields must match. Entries that match nothing or have expired are reported.

Exit codes: 0 all profiles pass; 1 a profile fails; 2 the command line or the
suppressions file has an error; 3 a profile is unreadable or incomplete and so
cannot pass (that of a killed process can be complete); 4 internal error.)";

void add_limit(CLI::App& app, const char* name, std::optional<SizeLimit>& limit, const char* help) {
  app.add_option_function<std::string>(
         name,
         [name, &limit](const std::string& text) {
           const auto bytes = parse_size(text);
           if (!bytes) throw CLI::ValidationError(name, "expected a size such as 512, 64KiB or 10MB");
           limit = SizeLimit{*bytes, text};
         },
         help)
      ->type_name("SIZE")
      ->group("Limits");
}

// A list of some of `known`, separated by commas.
void add_names(CLI::App& app, const char* name, std::vector<std::string>& names, std::vector<std::string> known,
               const char* help) {
  const std::string list = CLI::detail::join(known, ", ");
  app.add_option_function<std::string>(
         name,
         [name, &names, known = std::move(known), list](const std::string& text) {
           for (const std::string& word : CLI::detail::split(text, ',')) {
             const bool is_known = std::find(known.begin(), known.end(), word) != known.end();
             if (!is_known) throw CLI::ValidationError(name, "expected a list of " + list);
             names.push_back(word);
           }
         },
         std::string(help) + ": " + list)
      ->type_name("LIST")
      ->group("Leaks that count");
}

struct CheckCommandLine {
  CheckQuery query;
  OutputOptions output;
  std::string suppressions;  // a path
};

ExitCode run_check(CheckCommandLine& options) {
  if (!options.suppressions.empty()) options.query.suppressions = read_suppressions(options.suppressions);
  const Recordings recordings = open_and_warn(options.query.report.paths);
  const CheckResult result = analyze_and_warn(options.query, recordings);
  write_report(result, options.query, options.output, check_text, check_json);
  return result.exit_code();
}

}  // namespace

void set_up_check(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CheckCommandLine>();
  CheckLimits& limits = options->query.limits;
  add_report_flags(app, options->query.report, options->output, {});
  add_limit(app, "--max-leak", limits.max_leak, "Bytes of all leaks (0 if no limit is given)");
  add_limit(app, "--max-leak-per-stack", limits.max_leak_per_stack, "Bytes of the leaks of one stack");
  add_limit(app, "--max-peak", limits.max_peak, "Most live bytes of a process");
  add_limit(app, "--max-held", limits.max_held, "Unused bytes that allocators hold at the end");
  add_names(app, "--kind", limits.kinds, {"lost", "refleak", "cycle", "reachable", "unknown"}, "Only");
  add_names(app, "--growth", limits.growths, {"marked", "steady"}, "Only");
  app.add_option("--suppressions", options->suppressions, "Leaks to accept (see below)")->type_name("FILE");
  app.add_flag("--require-clean-exit", limits.require_clean_exit, "Fail unless every process ended with exit code 0");
  app.footer(kFooter);
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_check(*options)); });
}

}  // namespace cistern::analyzer
