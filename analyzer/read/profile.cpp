#include "analyzer/read/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "analyzer/read/failure.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/missing_images.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::string existing(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? path.string() : std::string();
}

// The images' files in a profile's folder, by stem.
std::map<std::string, ImageFiles> files_in(const fs::path& folder) {
  std::map<std::string, ImageFiles> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    if (path.extension() == kProfileSuffix) found[path.stem().string()].profile = path.string();
    if (path.extension() == kWindowSuffix) found[path.stem().string()].window = path.string();
    if (path.extension() == kPackedSuffix) found[path.stem().string()].packed = path.string();
  }
  for (auto& [stem, files] : found) {
    if (files.profile.empty()) files.profile = std::exchange(files.packed, {});  // a packed file is a profile too
    if (files.packed.empty()) files.packed = (folder / (stem + std::string(kPackedSuffix))).string();
  }
  return found;
}

ProfileHeader header_at(const std::string& path, FileRole role) {
  const FileBytes file(path);
  return read_header(file.bytes(), role, path).header;
}

void add_further_image(const ImageFiles& files, Profile& profile) {
  try {
    profile.images.push_back(read_image(files));
  } catch (const Failure& failure) {
    profile.notes.emplace_back(failure.what());
  }
}

void sort_by_start(std::vector<Image>& images) {
  std::stable_sort(images.begin() + 1, images.end(), [](const Image& a, const Image& b) {
    return a.header.image.start_unix_ns < b.header.image.start_unix_ns;
  });
}

Profile open_tree(const std::string& path) {
  Profile profile{path, {}, {}};
  const fs::path folder = path + ".d";
  auto files = files_in(folder);
  const std::string stem = stem_of(header_at(path, FileRole::kProfile).image);
  const auto below = [&](std::string_view suffix) { return folder / (stem + std::string(suffix)); };
  profile.images.push_back(read_image({path, existing(below(kWindowSuffix)), below(kPackedSuffix).string()}));
  files.erase(stem);
  for (const auto& [name, image] : files) add_further_image(image, profile);
  sort_by_start(profile.images);
  find_missing_images(profile.images, folder.string());
  for (const std::string& note : profile.notes) {
    profile.images.front().missing_images.push_back({MissingImage::Kind::kUnreadable, 0, 0, note, {}, 0});
  }
  return profile;
}

bool in_profile_folder(const fs::path& path) {
  const std::string folder = path.parent_path().filename().string();
  return folder.ends_with(std::string(kProfileSuffix) + ".d");
}

// The profile that a window belongs to: the one beside it, or that of the first image if the window lies in its folder.
std::string profile_of_window(const fs::path& window) {
  std::string beside = existing(fs::path(window).replace_extension(kProfileSuffix));
  if (!beside.empty() || !in_profile_folder(fs::absolute(window))) return beside;
  const std::string folder = fs::absolute(window).parent_path().string();
  std::string first = existing(folder.substr(0, folder.size() - 2));
  if (first.empty()) return first;
  try {
    return stem_of(header_at(first, FileRole::kProfile).image) == window.stem().string() ? first : std::string();
  } catch (const Failure&) {
    return {};
  }
}

Profile open_one(const ImageFiles& files, const std::string& path) {
  Profile profile{path, {}, {}};
  profile.images.push_back(read_image(files));
  return profile;
}

}  // namespace

std::string stem_of(const ImageIdentity& image) {
  return fmt::format("{}-{}-{}", image.pid, image.start_ticks, image.number);
}

Profile open_profile(const std::string& path) {
  const bool window = is_window(FileBytes(path).bytes());
  const auto beside = [&](std::string_view suffix) { return fs::path(path).replace_extension(suffix); };
  const std::string packed = beside(kPackedSuffix).string();
  if (window) return open_one({profile_of_window(path), path, packed}, path);
  if (!in_profile_folder(fs::absolute(path))) return open_tree(path);
  return open_one({path, existing(beside(kWindowSuffix)), packed}, path);
}

}  // namespace cistern::analyzer
