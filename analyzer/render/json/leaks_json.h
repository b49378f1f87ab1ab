// `cistern leaks --json`: schema cistern.leaks/1.
#pragma once

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/leaks_result.h"

namespace cistern::analyzer {

// Passes the text to `write` in pieces: there may be many groups.
void leaks_json(const LeaksResult& leaks, const LeaksQuery& query, const OutputOptions& output, const TextSink& write);

}  // namespace cistern::analyzer
