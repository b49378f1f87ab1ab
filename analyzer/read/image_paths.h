// Paths of an image's other files, given its profile. They lie in X.cistern.d, or beside the profile if the profile
// lies in such a directory.
#pragma once

#include <string>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// The window's path; empty if there is no window.
std::string window_of(const std::string& profile, const ProfileHeader& header);
// The path of the packed file, into which `cistern run` packs segments during the recording. It need not exist.
std::string packed_of(const std::string& profile, const ProfileHeader& header);

// The path of a packed file while it is being replaced.
std::string next_of(const std::string& packed);

}  // namespace cistern::analyzer
