#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/summary_json.h"
#include "analyzer/render/text/summary_text.h"

namespace cistern::analyzer {

void set_up_summary(CLI::App& app, int& exit_code) {
  set_up_report<SummaryQuery>(app, exit_code, {.depth = false}, summary_text, summary_json);
}

}  // namespace cistern::analyzer
