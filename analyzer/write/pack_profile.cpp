#include "analyzer/write/pack_profile.h"

#include <filesystem>
#include <vector>

#include "analyzer/read/failure.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/write/finalize_packed.h"
#include "analyzer/write/packer_lock.h"
#include "analyzer/write/profile_tree.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

void remove_tree(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  fs::remove_all(path + ".d", ignored);
}

void copy_tree(const std::string& from, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error)) throw unreadable(to, "already exists");
  fs::copy_file(from, to, error);
  if (!error && fs::is_directory(from + ".d")) fs::copy(from + ".d", to + ".d", fs::copy_options::recursive, error);
  if (!error) return;
  remove_tree(to);
  throw file_failure(to, error.value());
}

uint64_t size_of(const std::string& profile) {
  std::error_code error;
  const auto size = fs::file_size(profile, error);
  return error ? 0 : size;
}

uint64_t size_of(const std::vector<std::string>& profiles) {
  uint64_t sum = 0;
  for (const std::string& profile : profiles) sum += size_of(profile);
  return sum;
}

void pack_image(const std::string& profile, PackMode mode, Progress& progress) {
  ended_header_of(profile);  // first: a running process is the better reason
  const PackerLock lock(profile);
  const ProfileHeader header = ended_header_of(profile);
  const std::string window = window_of(profile, header);
  const std::string packed = packed_of(profile, header);
  bool done = mode == PackMode::kSnapshot
                  ? finalize_as_snapshot(profile, window, packed, std::nullopt).has_value()
                  : finalize_and_pack(profile, window, packed, std::nullopt, false, &progress).has_value();
  if (done && mode == PackMode::kUnpack) {
    progress.expect(size_of(profile));
    done = finalize_and_pack(profile, {}, packed, std::nullopt, true, &progress).has_value();
  }
  if (!done) throw damaged_profile(profile);
}

}  // namespace

PackedProfile pack_profile(const std::string& path, const std::string& output, PackMode mode, Progress& progress) {
  PackedProfile result;
  result.path = output.empty() ? path : output;
  if (!output.empty()) {
    ended_header_of(path);
    copy_tree(path, output);
  }
  const std::vector<std::string> profiles = profiles_of(result.path);
  result.before_bytes = size_of(profiles);
  progress.expect(result.before_bytes);
  for (const std::string& profile : profiles) pack_image(profile, mode, progress);
  std::error_code ignored;
  fs::remove(result.path + ".d", ignored);  // only when it is empty
  result.after_bytes = size_of(profiles);
  return result;
}

}  // namespace cistern::analyzer
