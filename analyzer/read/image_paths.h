// Where the other files of an image lie, given its profile: in the profile's own directory, X.cistern.d, or beside the
// profile when that lies in the first image's.
#pragma once

#include <string>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// The window's path; empty when there is none.
std::string window_of(const std::string& profile, const ProfileHeader& header);
// The file into which `cistern run` packs what is recorded, while it is: whether or not it is there. Its directory is
// that of the window, or the one that it would have.
std::string packed_of(const std::string& profile, const ProfileHeader& header);

// Where a packed file lies while it is made anew.
std::string next_of(const std::string& packed);

}  // namespace cistern::analyzer
