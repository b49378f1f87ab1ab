#include "analyzer/write/profile_tree.h"

#include <fmt/format.h>

#include <filesystem>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/image_liveness.h"

namespace cistern::analyzer {

namespace fs = std::filesystem;

std::vector<std::string> profiles_of(const std::string& path) {
  std::vector<std::string> profiles{path};
  std::error_code error;
  for (fs::directory_iterator at(path + ".d", error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == kProfileSuffix) profiles.push_back(at->path().string());
  }
  return profiles;
}

ProfileHeader ended_header_of(const std::string& profile) {
  const FileBytes bytes(profile);
  const FoundHeader found = read_header(bytes.bytes(), FileRole::kProfile, profile);
  if (found.damaged) throw damaged_profile(profile);
  const Liveness liveness = liveness_of(profile, found.header);
  if (liveness == Liveness::kRuns) {
    throw unreadable(profile, fmt::format("process {} still writes to it", found.header.image.pid));
  }
  if (liveness == Liveness::kUnknown) {
    throw unreadable(profile,
                     fmt::format("process {} of another pid namespace may still write to it (run cistern there)",
                                 found.header.image.pid));
  }
  return found.header;
}

Failure damaged_profile(const std::string& profile) {
  return unreadable(profile, "the profile is damaged and was not changed");
}

}  // namespace cistern::analyzer
