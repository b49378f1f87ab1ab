// The options that reports share, bound to CLI11.
#pragma once

#include <CLI/CLI.hpp>

#include "analyzer/render/layout/output_options.h"
#include "analyzer/results/query.h"

namespace cistern::analyzer {

// The shared options that a report accepts, in addition to profiles.
struct ReportFlags {
  bool json = true;
  bool top = true;
  bool depth = true;
  bool filters = true;
  bool at = false;
  bool worst = false;  // also accepts --at worst
  bool stacks = true;  // shows native frames: accepts --internals
};

// `query` and `output` must live as long as `app`.
void add_report_flags(CLI::App& app, ReportQuery& query, OutputOptions& output, const ReportFlags& flags);

}  // namespace cistern::analyzer
