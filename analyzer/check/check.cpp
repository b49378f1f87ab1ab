#include "analyzer/check/check.h"

#include <algorithm>

#include "analyzer/check/held_memory.h"
#include "analyzer/render/json/check_json.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/render/text/check_text.h"

namespace cistern::analyzer {
namespace {

void examine(CheckedProfile& checked, const CheckOptions& options, Suppressions& suppressions) {
  ProgressBar progress;
  const Profile& profile = checked.profile.front();
  checked.findings = find_leaks(checked.profile, {options.report.query.selection, {}, {}}, &progress);
  std::vector<HeldMemory> held;
  if (options.max_held) held = held_at_the_end(profile, &progress);
  checked.verdict = judge(checked.findings, std::move(held), options, suppressions);
  for (const std::string& note : profile.notes) checked.verdict.incomplete.push_back(note);
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

CheckResult check_profiles(const CheckOptions& options) {
  CheckResult result;
  if (!options.suppressions.empty()) result.suppressions = read_suppressions(options.suppressions);
  Recordings recordings = open_profiles(options.report.query.paths);
  result.all_opened = recordings.warnings.empty();
  for (Profile& profile : recordings.profiles) {
    result.profiles.push_back(std::make_unique<CheckedProfile>());
    result.profiles.back()->profile.push_back(std::move(profile));
    examine(*result.profiles.back(), options, result.suppressions);
  }
  return result;
}

ExitCode report_check(const CheckOptions& options) {
  const CheckResult result = check_profiles(options);
  for (const auto& checked : result.profiles) {
    print_warnings(damage_warnings(checked->findings.images));
    print_warnings(module_warnings(checked->findings.tree));
  }
  write_out(options.report.output.json ? check_json(result, options) : check_text(result, options));
  return result.exit_code();
}

}  // namespace cistern::analyzer
