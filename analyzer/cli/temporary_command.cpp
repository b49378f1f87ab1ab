#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/json/temporary_json.h"
#include "analyzer/render/text/temporary_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMaxThreshold = 1'000'000;

struct TemporaryCommandLine {
  TemporaryQuery query;
  OutputOptions output;
};

}  // namespace

void set_up_temporary(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TemporaryCommandLine>();
  add_report_flags(app, options->query.report, options->output, {});
  app.add_option("--threshold", options->query.threshold,
                 "A block is temporary if it is freed before the N-th next allocation of its thread (default 1)")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, kMaxThreshold).description(""));
  app.callback([options, &exit_code] {
    exit_code = static_cast<int>(report(options->query, options->output, temporary_text, temporary_json));
  });
}

}  // namespace cistern::analyzer
