// The files of a profile whose images have ended, for commands that change them.
#pragma once

#include <string>
#include <vector>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// The profiles of a tree, the first image's first.
std::vector<std::string> profiles_of(const std::string& path);

// Errors: Failure, exit code 3, when it is damaged or none.
ProfileHeader sound_header_of(const std::string& profile);

}  // namespace cistern::analyzer
