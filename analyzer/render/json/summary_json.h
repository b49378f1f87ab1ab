// The JSON of `cistern summary`, schema cistern.summary/1.
#pragma once

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/text/report_options.h"
#include "analyzer/results/summary.h"

namespace cistern::analyzer {

Json summary_json(const Summary& summary, const ReportOptions& options);

}  // namespace cistern::analyzer
