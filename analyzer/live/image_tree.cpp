#include "analyzer/live/image_tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "analyzer/read/failure.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/profile_tree.h"
#include "cistern/format/checksum.h"

namespace cistern::analyzer {
namespace {

std::optional<ListedImage> image_at(const std::string& profile) {
  try {
    const auto header = Descriptor(profile, O_RDONLY | O_NONBLOCK).value_at<ProfileHeader>(0);
    if (header.role != FileRole::kProfile || header.checksum != checksum_of(header)) return std::nullopt;
    return ListedImage{header.image.pid, header.image.number, profile};
  } catch (const Failure&) {
    return std::nullopt;
  }
}

uint64_t change_time(const std::string& path) noexcept {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return 0;
  return static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
}

}  // namespace

std::vector<ListedImage> ImageTree::read() const {
  std::vector<ListedImage> images;
  const std::lock_guard locked(mutex_);
  for (const std::string& profile : profiles_of(first_)) {
    auto known = known_.find(profile);
    if (known == known_.end()) {
      const auto image = image_at(profile);
      if (!image) continue;
      known = known_.emplace(profile, *image).first;
    }
    images.push_back(known->second);
  }
  return images;
}

// A window or a packed file changes it too.
uint64_t ImageTree::version() const noexcept {
  struct stat status {};
  const uint64_t first = stat(first_.c_str(), &status) == 0 ? status.st_ino : 0;
  return change_time(first_ + ".d") + first;
}

}  // namespace cistern::analyzer
