#include "analyzer/check/check_result.h"

#include <fmt/format.h>

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
}

template <typename Matches>
void require_match(const char* option, const char* what, const std::vector<std::string>& patterns,
                   const CheckResult& result, Matches frame_matches) {
  for (const std::string& pattern : patterns) {
    const bool found = std::any_of(result.profiles.begin(), result.profiles.end(), [&](const auto& profile) {
      const CallTree& tree = profile->findings.tree;
      for (uint32_t i = 0; i < tree.frames(); ++i) {
        if (frame_matches(tree.frame(FrameId{i}), pattern)) return true;
      }
      return false;
    });
    if (!found) throw usage_error(fmt::format("{} {}: no stack has {} that matches", option, pattern, what));
  }
}

// A filter that matches nothing would pass whatever the program did.
void require_matches(const Selection& selection, const Recordings& recordings, const CheckResult& result) {
  require_match("--function", "a function", selection.functions, result,
                [](const Frame& frame, const std::string& pattern) { return matches(pattern, frame.function); });
  require_match("--file", "a file", selection.files, result, [](const Frame& frame, const std::string& pattern) {
    return matches(pattern, frame.file) || (frame.kind == FrameKind::kNative && matches(pattern, frame.module));
  });
  for (const std::string& pattern : selection.threads) {
    Selection wanted;
    wanted.threads = {pattern};
    bool found = false;
    for (const Profile& profile : recordings.profiles) {
      for (const Image& image : profile.images) {
        image.definitions.threads.for_each(
            [&](StreamId, const Thread& thread) { found = found || selects_thread(wanted, &thread); });
      }
    }
    if (!found) throw usage_error(fmt::format("--thread {}: no thread matches", pattern));
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
  require_matches(query.report.selection, recordings, result);
  return result;
}

}  // namespace cistern::analyzer
