#include "analyzer/write/profile_tree.h"

#include <fmt/format.h>

#include <filesystem>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/write/process_liveness.h"

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
  const ImageIdentity& image = found.header.image;
  if (process_lives(image.pid, image.start_ticks)) {
    throw unreadable(profile, fmt::format("process {} still writes to it", image.pid));
  }
  return found.header;
}

Failure damaged_profile(const std::string& profile) {
  return unreadable(profile, "the profile is damaged and was not changed");
}

}  // namespace cistern::analyzer
