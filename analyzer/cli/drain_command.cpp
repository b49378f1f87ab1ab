#include <fmt/format.h>

#include <memory>
#include <string>

#include "analyzer/cli/commands.h"
#include "analyzer/launch/drain.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] = R"(
Takes over the profile of a running program whose packer has ended: cistern run
or the packer of cistern exec was killed, or there was none (LD_PRELOAD). It
ends when the last process has ended, and may be stopped and started again:
nothing is lost, the program does not wait for it.

Exit codes:
  0  packed
  2  wrong command line
  3  no profile, another cistern packs it, or a part could not be packed)";

struct DrainOptions {
  DrainRequest request;
  std::string process;
  bool snapshot = false;
  bool no_symbols = false;
};

ExitCode report(const CollectedRun& drained) {
  for (const std::string& problem : drained.problems) fmt::print(stderr, "cistern: {}\n", printable(problem));
  fmt::print("{}: {} in {} process{}, {} lost ({})\n", printable(drained.profile), plural(drained.events, "event"),
             drained.images, drained.images == 1 ? "" : "es", format_count(drained.lost_events),
             format_bytes(drained.size_bytes));
  return drained.problems.empty() ? ExitCode::kDone : ExitCode::kUnreadable;
}

}  // namespace

void set_up_drain(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<DrainOptions>();
  app.add_option("profile", options->request.profile, "The profile of the first process")
      ->required()
      ->type_name("FILE");
  app.add_flag("--snapshot", options->snapshot, "Replace events by snapshots, as --ring snapshot does");
  app.add_flag("--no-symbols", options->no_symbols, "Do not store the names of native functions at the end");
  // For `cistern exec`: a process that may still make images, as PID:START_TICKS.
  app.add_option("--while", options->process)->group("");
  app.footer(kFooter);
  app.callback([options, &exit_code] {
    DrainRequest& request = options->request;
    if (options->snapshot) request.ring = RingMode::kSnapshot;
    request.symbols = !options->no_symbols;
    if (!options->process.empty()) {
      request.process = parse_process(options->process);
      if (!request.process) throw usage_error("--while: expected PID:START_TICKS");
    }
    exit_code = static_cast<int>(report(drain(request)));
  });
}

}  // namespace cistern::analyzer
