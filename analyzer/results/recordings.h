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

// Errors: Failure, exit code 3, when there is one path and it cannot be read; one of several becomes a warning.
Recordings open_recordings(const std::vector<std::string>& paths);

// Errors: Failure, exit code 3, when no profile was opened.
void require_profiles(const Recordings& recordings);

// For reports on live blocks. Errors: Failure, exit code 3, when a profile does not have them because older events were
// overwritten (`run --ring overwrite`). The message names the reports that work.
void require_live_set(const Recordings& recordings);

// For reports that need each event. Errors: Failure, exit code 3, when a profile has snapshots instead of events (`run
// --ring snapshot`).
void require_events(const Recordings& recordings);

}  // namespace cistern::analyzer
