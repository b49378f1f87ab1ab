#include "analyzer/results/recordings.h"

#include <fmt/format.h>

#include <cstdio>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {
namespace {

void warn(const std::string& line) {
  fmt::print(stderr, "cistern: {}\n", printable(line));
}

}  // namespace

Recordings open_recordings(const std::vector<std::string>& paths) {
  Recordings recordings;
  for (const std::string& path : paths) {
    try {
      recordings.profiles.push_back(open_profile(path));
    } catch (const Failure& failure) {
      if (paths.size() == 1) throw;
      warn(failure.what());
      recordings.all_opened = false;
    }
  }
  if (recordings.profiles.empty()) throw Failure(ExitCode::kUnreadable, "none of the profiles can be read");
  for (const Profile& profile : recordings.profiles) {
    for (const std::string& note : profile.notes) warn(note);
    if (!profile.notes.empty()) recordings.all_opened = false;
  }
  return recordings;
}

void require_live_set(const Recordings& recordings) {
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      if (!image.overwritten()) continue;
      throw unreadable(profile.path,
                       "not in this profile: --ring overwrite kept the last events, not what was alive "
                       "before them; summary, tree, lines, temporary and timeline tell of those");
    }
  }
}

void require_events(const Recordings& recordings) {
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      if (image.snapshot == nullptr) continue;
      throw unreadable(profile.path,
                       "not in this profile: --ring snapshot kept totals, not each event; summary, leaks, pools, "
                       "peak, tree, lines and check tell of those");
    }
  }
}

void warn_of_damage(const ImageFacts& facts) {
  if (facts.torn_bytes == 0) return;
  const uint64_t read = facts.file_bytes > facts.torn_bytes ? facts.file_bytes - facts.torn_bytes : 0;
  warn(fmt::format("{}: {} read, {} unreadable at byte {} ({}); report covers the rest", facts.path, format_bytes(read),
                   format_bytes(facts.torn_bytes), format_exact(facts.torn_at), facts.torn_reason));
}

void warn_of_modules(const CallTree& tree) {
  if (tree.known_symbolizer() == nullptr) return;
  for (const Symbolizer::Problem& problem : tree.known_symbolizer()->problems()) {
    if (problem.state != ModuleState::kOtherBuild) continue;
    warn(problem.path + ": is not the build that was recorded: its functions have no names");
  }
}

}  // namespace cistern::analyzer
