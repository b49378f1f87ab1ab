// One profile with what was found in it and the verdict on it. Nothing in it moves: they point into each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/check/verdict.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

struct CheckedProfile {
  CheckedProfile() = default;
  CheckedProfile(const CheckedProfile&) = delete;
  CheckedProfile& operator=(const CheckedProfile&) = delete;

  std::vector<Profile> profile;  // this one
  LeakFindings findings;
  Verdict verdict;

  const std::string& path() const { return profile.front().path; }
};

struct CheckResult {
  std::vector<std::unique_ptr<CheckedProfile>> profiles;
  Suppressions suppressions;
  bool all_opened = true;

  bool passed() const;
  bool complete() const;
  // A limit that a complete profile broke is worse than a profile that says nothing.
  ExitCode exit_code() const;
};

}  // namespace cistern::analyzer
