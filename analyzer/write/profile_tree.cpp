#include "analyzer/write/profile_tree.h"

#include <filesystem>

#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/profile_header.h"

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

ProfileHeader sound_header_of(const std::string& profile) {
  const FileBytes bytes(profile);
  const FoundHeader found = read_header(bytes.bytes(), FileRole::kProfile, profile);
  if (found.damaged) throw unreadable(profile, "is damaged; it was left as it is");
  return found.header;
}

}  // namespace cistern::analyzer
