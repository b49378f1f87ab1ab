// The profiles a report is about, opened. What could not be read is said on standard error, one line each; a report
// goes on with the rest.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/profile.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct Recordings {
  std::vector<Profile> profiles;
  bool all_opened = true;

  ExitCode exit_code() const noexcept { return all_opened ? ExitCode::kDone : ExitCode::kUnreadable; }
};

// Errors: Failure, exit code 3, when not one of `paths` can be read.
Recordings open_recordings(const std::vector<std::string>& paths);

// For reports on what is alive. Errors: Failure, exit code 3, when a profile was overwritten (`run --ring overwrite`)
// and does not know: it names the part that it has, and the reports that tell of that.
void require_live_set(const Recordings& recordings);

// For reports that look at each event. Errors: Failure, exit code 3, when a profile has totals in their place (`run
// --ring snapshot`).
void require_events(const Recordings& recordings);

// Says on standard error how much of an image could not be read, if anything.
void warn_of_damage(const ImageFacts& facts);

// Says on standard error which modules' functions have no names because their files have changed since.
void warn_of_modules(const CallTree& tree);

}  // namespace cistern::analyzer
