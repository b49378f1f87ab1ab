// `cistern check`: whether profiles pass. Each profile is judged separately.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/check/check_query.h"
#include "analyzer/check/verdict.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/failure.h"
#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

// One profile and the verdict on it. It is not movable: the verdict points into the findings.
struct CheckedProfile {
  explicit CheckedProfile(std::string profile_path) : path(std::move(profile_path)) {}
  CheckedProfile(const CheckedProfile&) = delete;
  CheckedProfile& operator=(const CheckedProfile&) = delete;

  std::string path;
  LeakFindings findings;
  Verdict verdict;
};

struct CheckResult {
  std::vector<std::unique_ptr<CheckedProfile>> profiles;
  Suppressions suppressions;  // those of the query; matching ones are marked as used
  bool all_opened = true;

  bool passed() const;
  bool complete() const;
  // kDone when all profiles pass, kFailed when a complete profile exceeds a limit, else kUnreadable.
  ExitCode exit_code() const;
};

// `progress` may be null. `recordings` outlives the result. Errors: Failure.
CheckResult analyze(const CheckQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
