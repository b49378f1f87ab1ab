// One report, from the command line to the exit code: opens the profiles, analyzes them, prints warnings, then prints
// the result as text or JSON.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "analyzer/read/failure.h"
#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

// Opens the profiles and prints what could not be read. Errors: Failure, exit code 3, when nothing can be read.
Recordings open_and_warn(const std::vector<std::string>& paths);

// Prints warnings about the images and modules of a result; a check has one result for each profile.
template <typename Result>
void warn_about(const Result& result) {
  if constexpr (requires { result.profiles; }) {
    for (const auto& checked : result.profiles) warn_about(checked->findings);
  } else {
    print_warnings(damage_warnings(result.images));
    if constexpr (requires { result.tree; }) print_warnings(module_warnings(result.tree));
  }
}

// Calls analyze(query, recordings, progress) with a progress bar, and prints warnings about what it read.
template <typename Query>
auto analyze_and_warn(const Query& query, const Recordings& recordings) {
  auto result = [&] {
    ProgressBar progress;
    return analyze(query, recordings, &progress);
  }();
  warn_about(result);
  return result;
}

// Prints text(result, query, output, terminal), or json(result, query, output), which returns the JSON or passes it in
// pieces to a fourth argument.
template <typename Result, typename Query, typename Text, typename Json>
void write_report(const Result& result, const Query& query, const OutputOptions& output, Text text, Json json) {
  if (!output.json) {
    write_out(text(result, query, output, terminal_of(stdout)));
  } else if constexpr (std::is_invocable_v<Json, const Result&, const Query&, const OutputOptions&>) {
    write_out(json(result, query, output));
  } else {
    json(result, query, output, write_out);
  }
}

// The whole report. Returns kUnreadable when some of the profiles could not be read. Errors: Failure.
template <typename Query, typename Text, typename Json>
ExitCode report(const Query& query, const OutputOptions& output, Text text, Json json) {
  const Recordings recordings = open_and_warn(query.report.paths);
  const auto result = analyze_and_warn(query, recordings);
  write_report(result, query, output, text, json);
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
