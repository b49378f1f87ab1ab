#include "analyzer/check/check_result.h"

#include <algorithm>

#include "analyzer/check/held_memory.h"

namespace cistern::analyzer {
namespace {

void examine(const Profile& profile, const CheckQuery& query, Progress* progress, Suppressions& suppressions,
             CheckedProfile& checked) {
  checked.findings = find_leaks({&profile, 1}, {query.report.selection, {}, {}}, progress);
  std::vector<HeldMemory> held;
  if (query.limits.max_held) held = held_at_the_end(profile, progress);
  checked.verdict = judge(checked.findings, std::move(held), query.limits, suppressions);
  for (const std::string& note : profile.notes) {
    checked.verdict.missing.push_back({MissingData::Kind::kFile, 0, 0, 0, note});
  }
}

}  // namespace

bool CheckResult::passed() const {
  return all_opened && std::all_of(profiles.begin(), profiles.end(), [](const auto& p) { return p->verdict.passed(); });
}

bool CheckResult::complete() const {
  return all_opened &&
         std::all_of(profiles.begin(), profiles.end(), [](const auto& p) { return p->verdict.complete(); });
}

ExitCode CheckResult::exit_code() const {
  if (passed()) return ExitCode::kDone;
  const bool failed = std::any_of(profiles.begin(), profiles.end(),
                                  [](const auto& p) { return p->verdict.complete() && !p->verdict.passed(); });
  return failed ? ExitCode::kFailed : ExitCode::kUnreadable;
}

CheckResult analyze(const CheckQuery& query, const Recordings& recordings, Progress* progress) {
  CheckResult result;
  result.suppressions = query.suppressions;
  result.all_opened = recordings.warnings.empty();
  for (const Profile& profile : recordings.profiles) {
    result.profiles.push_back(std::make_unique<CheckedProfile>(profile.path));
    examine(profile, query, progress, result.suppressions, *result.profiles.back());
  }
  return result;
}

}  // namespace cistern::analyzer
