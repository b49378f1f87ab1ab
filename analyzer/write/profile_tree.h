// The files of a profile: that of its first process and those of its children. For commands that change profiles.
#pragma once

#include <string>
#include <vector>

#include "analyzer/read/failure.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// The profile files that belong to the profile `path`, which comes first.
std::vector<std::string> profiles_of(const std::string& path);

// The header of a profile whose process has ended.
// Errors: Failure, exit code 3: no profile, a damaged header, or its process still runs.
ProfileHeader ended_header_of(const std::string& profile);

// The failure of a command that does not change a damaged profile.
Failure damaged_profile(const std::string& profile);

}  // namespace cistern::analyzer
