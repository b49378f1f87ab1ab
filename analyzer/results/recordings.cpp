#include "analyzer/results/recordings.h"

namespace cistern::analyzer {

Recordings open_recordings(const std::vector<std::string>& paths) {
  Recordings recordings;
  for (const std::string& path : paths) {
    try {
      recordings.profiles.push_back(open_profile(path));
    } catch (const Failure& failure) {
      if (paths.size() == 1) throw;
      recordings.warnings.emplace_back(failure.what());
    }
  }
  for (const Profile& profile : recordings.profiles) {
    recordings.warnings.insert(recordings.warnings.end(), profile.notes.begin(), profile.notes.end());
  }
  return recordings;
}

void require_profiles(const Recordings& recordings) {
  if (recordings.profiles.empty()) throw Failure(ExitCode::kUnreadable, "none of the profiles can be read");
}

void require_live_set(const Recordings& recordings) {
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      if (!image.overwritten()) continue;
      throw NotInProfile(profile.path, Needs::kLiveSet,
                         "--ring overwrite kept the last events, not the blocks that were live before them");
    }
  }
}

void require_events(const Recordings& recordings) {
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      if (image.snapshot == nullptr) continue;
      throw NotInProfile(profile.path, Needs::kEvents, "the snapshot has sums, not each event");
    }
  }
}

}  // namespace cistern::analyzer
