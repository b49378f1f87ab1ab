// `cistern check`: the limits that a profile must not exceed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/check/suppressions.h"
#include "analyzer/results/query.h"

namespace cistern::analyzer {

struct SizeLimit {
  uint64_t bytes = 0;
  std::string text;  // as the user wrote it: "64KiB"
};

struct CheckLimits {
  // For the leaks of each profile.
  std::optional<SizeLimit> max_leak;
  std::optional<SizeLimit> max_leak_per_stack;
  // For each process.
  std::optional<SizeLimit> max_peak;
  std::optional<SizeLimit> max_held;

  std::vector<std::string> kinds;    // names of LeakKind that count; empty: all
  std::vector<std::string> growths;  // names of Growth that count; empty: all
  bool require_clean_exit = false;

  // Without any limit, no leak is allowed.
  std::optional<SizeLimit> leak_limit() const {
    const bool any = max_leak || max_leak_per_stack || max_peak || max_held;
    return any ? max_leak : SizeLimit{0, "0"};
  }
  bool judges_leaks() const { return leak_limit() || max_leak_per_stack; }
};

struct CheckQuery {
  ReportQuery report;  // the selection is of leaks; the moment is unused
  CheckLimits limits;
  Suppressions suppressions;
};

}  // namespace cistern::analyzer
