#include <algorithm>
#include <memory>

#include "analyzer/check/check.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] = R"(
A profile passes when it breaks none of the limits; with no limit given, any
leak fails. Leaks are what `cistern leaks` shows without --all. Each profile is
judged for itself, the peak and held memory of each of its processes for
itself; filters are of leaks. Held is what pymalloc's arenas hold and no block
fills, and what is free in glibc's heaps, at the end.

SIZE is a number of bytes, or with a unit: 512, 64KiB, 10MB.

Accepted leaks stand in a TOML file, for --suppressions FILE:

  [[suppress]]
  function = "Registry.add"       # text that occurs, or a glob with * ? [ ]
  file = "*/plugins.py"           # of the same frame
  module = "*/_fast*.so"          # of a native frame of the stack
  kind = "unknown"                # of the leak
  reason = "plugins live as long as the process"
  expires = 2027-01-31            # optional: the last day (UTC) it suppresses

At least one of the first four, all of which must match, and a reason are
required. Entries that match nothing, or have expired, are named.

The exit code is 0 when all pass, 1 when one fails, 2 when the command line or
the suppressions make no sense, 3 when a profile is unreadable or incomplete,
which never passes (one ended by a signal may), 4 for an error of our own.)";

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

}  // namespace

void set_up_check(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CheckOptions>();
  add_report_flags(app, options->report, {});
  add_limit(app, "--max-leak", options->max_leak, "Bytes of all leaks (0 if no limit is given)");
  add_limit(app, "--max-leak-per-stack", options->max_leak_per_stack, "Bytes of the leaks of one stack");
  add_limit(app, "--max-peak", options->max_peak, "Greatest live bytes of a process");
  add_limit(app, "--max-held", options->max_held, "Bytes that allocators hold unused at the end");
  add_names(app, "--kind", options->kinds, {"lost", "refleak", "cycle", "reachable", "unknown"}, "Only");
  add_names(app, "--growth", options->growths, {"marked", "steady"}, "Only");
  app.add_option("--suppressions", options->suppressions, "Leaks that are accepted, see below")->type_name("FILE");
  app.add_flag("--require-clean-exit", options->require_clean_exit, "Fail unless every process ended with exit code 0");
  app.footer(kFooter);
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_check(*options)); });
}

}  // namespace cistern::analyzer
