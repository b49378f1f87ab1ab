#include "analyzer/results/peak_result.h"

namespace cistern::analyzer {

PeakResult analyze(const PeakQuery& query, const Recordings& recordings, Progress* progress) {
  require_live_set(recordings);
  PeakResult peak{allocations_by_stack(recordings, query.report, progress), {}};
  peak.at_peak = peak.sorted(Measure::kPeak);
  return peak;
}

}  // namespace cistern::analyzer
