#include "analyzer/read/image_paths.h"

#include <filesystem>

#include "analyzer/read/profile.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::string existing(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) ? path.string() : std::string();
}

std::string beside_or_below(const std::string& profile, const std::string& name) {
  const std::string below = existing(fs::path(profile + ".d") / name);
  return !below.empty() ? below : existing(fs::path(profile).parent_path() / name);
}

}  // namespace

std::string window_of(const std::string& profile, const ProfileHeader& header) {
  return beside_or_below(profile, stem_of(header.image) + std::string(kWindowSuffix));
}

std::string packed_of(const std::string& profile, const ProfileHeader& header) {
  const std::string stem = stem_of(header.image);
  const std::string name = stem + std::string(kPackedSuffix);
  const std::string there = beside_or_below(profile, name);
  if (!there.empty()) return there;
  const fs::path path(profile);
  const bool named_by_image = path.stem() == stem;
  return ((named_by_image ? path.parent_path() : fs::path(profile + ".d")) / name).string();
}

std::string next_of(const std::string& packed) {
  return fs::path(packed).replace_extension(kNextSuffix).string();
}

}  // namespace cistern::analyzer
