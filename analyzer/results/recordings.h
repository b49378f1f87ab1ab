// The opened profiles of a report. A report continues when some of them cannot be read.
#pragma once

#include <string>
#include <vector>

#include "analyzer/read/failure.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

struct Recordings {
  std::vector<Profile> profiles;
  std::vector<std::string> warnings;  // one line for each file that is unreadable or missing

  // kUnreadable when there is a warning.
  ExitCode exit_code() const noexcept { return warnings.empty() ? ExitCode::kDone : ExitCode::kUnreadable; }
};

// What a report needs of a profile, besides what every profile has.
enum class Needs { kHeader, kLiveSet, kEvents };

// A profile does not have what a report needs. The message does not name the reports that work: see cli/commands.h.
class NotInProfile : public Failure {
 public:
  NotInProfile(const std::string& path, Needs needs, const std::string& why)
      : Failure(unreadable(path, "not in this profile: " + why)), needs_(needs) {}
  Needs needs() const noexcept { return needs_; }

 private:
  Needs needs_;
};

// Errors: Failure, exit code 3, when there is one path and it cannot be read; one of several becomes a warning.
Recordings open_recordings(const std::vector<std::string>& paths);

// Errors: Failure, exit code 3, when no profile was opened.
void require_profiles(const Recordings& recordings);

// For reports on live blocks. Errors: NotInProfile when a profile does not have them because older events were
// overwritten (`run --ring overwrite`).
void require_live_set(const Recordings& recordings);

// For reports that need each event. Errors: NotInProfile when a profile has a snapshot instead of events (`run --ring
// snapshot`).
void require_events(const Recordings& recordings);

}  // namespace cistern::analyzer
