// The options that reports share, bound to CLI11.
#pragma once

#include <CLI/CLI.hpp>

#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

// Which of the shared options a report understands; all understand profiles and --json.
struct ReportFlags {
  bool top = true;
  bool depth = true;
  bool filters = true;
  bool at = false;
  bool worst = false;  // understands --at worst, too
  bool stacks = true;  // has native frames
};

// `options` must live as long as `app`.
void add_report_flags(CLI::App& app, ReportOptions& options, const ReportFlags& flags);

}  // namespace cistern::analyzer
