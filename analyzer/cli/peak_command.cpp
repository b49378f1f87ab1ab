#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_command.h"
#include "analyzer/render/json/peak_json.h"
#include "analyzer/render/text/peak_text.h"

namespace cistern::analyzer {

void set_up_peak(CLI::App& app, int& exit_code) {
  set_up_report<PeakQuery>(app, exit_code, {}, peak_text, peak_json);
}

}  // namespace cistern::analyzer
