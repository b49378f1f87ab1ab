// What `cistern check` is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/render/text/report_options.h"

namespace cistern::analyzer {

struct SizeLimit {
  uint64_t bytes = 0;
  std::string text;  // as it was given: "64KiB"
};

struct CheckOptions {
  ReportOptions report;  // the selection is of leaks

  // Of leaks, in each profile.
  std::optional<SizeLimit> max_leak;
  std::optional<SizeLimit> max_leak_per_stack;
  // Of figures that are no leaks, in each process.
  std::optional<SizeLimit> max_peak;
  std::optional<SizeLimit> max_held;

  std::vector<std::string> kinds;    // names of LeakKind; empty: all
  std::vector<std::string> growths;  // names of Growth; empty: all
  std::string suppressions;          // path of a file; empty: none
  bool require_clean_exit = false;

  // Where no limit is given, no leak is allowed.
  std::optional<SizeLimit> leak_limit() const {
    const bool any = max_leak || max_leak_per_stack || max_peak || max_held;
    return any ? max_leak : SizeLimit{0, "0"};
  }
  bool judges_leaks() const { return leak_limit() || max_leak_per_stack; }
};

}  // namespace cistern::analyzer
