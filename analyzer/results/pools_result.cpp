#include "analyzer/results/pools_result.h"

#include "analyzer/render/json/pools_json.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/render/text/pools_text.h"

namespace cistern::analyzer {

ExitCode report_pools(const PoolsOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  require_live_set(recordings);
  ProgressBar progress;
  const PoolQuestion question{options.report.query.at, options.by.value_or(GroupBy::kStack), options.by,
                              options.report.query.selection.internals};
  const PoolFindings findings = find_pools(recordings.profiles, question, &progress);
  for (const ImagePools& image : findings.images) print_warnings(damage_warnings({image.facts}));
  print_warnings(module_warnings(findings.tree));
  if (options.report.output.json) {
    write_pools_json(findings, options);
  } else {
    write_out(pools_text(findings, options));
  }
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
