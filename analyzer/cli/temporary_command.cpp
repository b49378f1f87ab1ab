#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/temporary_json.h"
#include "analyzer/render/text/temporary_text.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMaxThreshold = 1'000'000;

}  // namespace

void set_up_temporary(CLI::App& app, int& exit_code) {
  const auto query = set_up_report<TemporaryQuery>(app, exit_code, {}, temporary_text, temporary_json);
  app.add_option("--threshold", query->threshold,
                 "A block is temporary if it is freed before the N-th next allocation of its thread (default 1)")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, kMaxThreshold).description(""));
}

}  // namespace cistern::analyzer
