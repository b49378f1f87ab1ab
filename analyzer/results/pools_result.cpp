#include "analyzer/results/pools_result.h"

#include "analyzer/render/json/pools_json.h"
#include "analyzer/render/text/pools_text.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/results/recordings.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {

ExitCode report_pools(const PoolsOptions& options) {
  const Recordings recordings = open_recordings(options.report.paths);
  require_live_set(recordings);
  ProgressBar progress;
  const PoolQuestion question{options.report.at, options.by.value_or(GroupBy::kStack), options.by,
                              options.report.selection.internals};
  const PoolFindings findings = find_pools(recordings.profiles, question, &progress);
  for (const ImagePools& image : findings.images) warn_of_damage(image.facts);
  warn_of_modules(findings.tree);
  if (options.report.json) {
    write_pools_json(findings, options);
  } else {
    write_out(pools_text(findings, options));
  }
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
