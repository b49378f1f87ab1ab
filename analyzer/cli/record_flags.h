// The recording options of `cistern run`, bound to CLI11.
#pragma once

#include <CLI/CLI.hpp>

#include "analyzer/launch/run_request.h"

namespace cistern::analyzer {

// Adds each option of run_options() that `is_wanted` accepts. `request` must live as long as `app`.
void add_record_flags(CLI::App& app, RunRequest& request, bool (*is_wanted)(const RunOption& option));

}  // namespace cistern::analyzer
