#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/temporary_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMaxThreshold = 1'000'000;

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TemporaryOptions>();
  add_report_flags(app, options->report, {});
  app.add_option("--threshold", options->threshold, "Freed before its thread's next N allocations (1)")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, kMaxThreshold));
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_temporary(*options)); });
}

}  // namespace

const Command kTemporaryCommand = {"temporary", "What was allocated only to be freed at once", set_up};

}  // namespace cistern::analyzer
