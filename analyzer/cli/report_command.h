// Sets up the command of a report: shared options, then analyze(), then one of two renderers.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"

namespace cistern::analyzer {

// Adds the options of `flags` to `app`, and the callback that calls report() with `text` and `json` (see
// write_report()). Returns the query, which lives as long as `app`, for options of the report's own.
template <typename Query, typename Text, typename Json>
std::shared_ptr<Query> set_up_report(CLI::App& app, int& exit_code, const ReportFlags& flags, Text text, Json json) {
  struct CommandLine {
    Query query;
    OutputOptions output;
  };
  const auto line = std::make_shared<CommandLine>();
  add_report_flags(app, line->query.report, line->output, flags);
  app.callback(
      [line, &exit_code, text, json] { exit_code = static_cast<int>(report(line->query, line->output, text, json)); });
  return {line, &line->query};
}

}  // namespace cistern::analyzer
