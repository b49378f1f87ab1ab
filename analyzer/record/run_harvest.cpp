#include "analyzer/record/run_harvest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "analyzer/read/profile.h"
#include "analyzer/record/descriptor.h"
#include "analyzer/record/folding.h"
#include "analyzer/record/image_paths.h"
#include "analyzer/record/packing.h"
#include "analyzer/record/process_life.h"
#include "analyzer/record/run_failure.h"
#include "cistern/profile.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::optional<ProfileHeader> header_of(const std::string& path) {
  try {
    const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // it may be a pipe by now
    const auto header = file.value_at<ProfileHeader>(0);
    if (std::equal(std::begin(kProfileMagic), std::end(kProfileMagic), header.magic)) return header;
  } catch (const Failure&) {
  }
  return std::nullopt;
}

bool is_header_of(const ProfileHeader& header, const ListedImage& image) {
  return header.role == FileRole::kProfile && header.image.pid == image.pid && header.image.number == image.number;
}

class Harvester {
 public:
  Harvester(const ChildEnd& child, Ring ring) : child_(child), ring_(ring) {}

  void take(const std::vector<ListedImage>& images) {
    for (const ListedImage& image : images) {
      if (image.pid == static_cast<uint32_t>(child_.pid)) last_of_child_ = std::max(last_of_child_, image.number);
    }
    for (const ListedImage& image : images) {
      if (!seen_.contains(image.profile)) take_image(image);
    }
    std::error_code ignored;
    for (const fs::path& directory : private_directories_) fs::remove(directory, ignored);  // only when it is empty
  }

  RunHarvest harvest;

 private:
  void take_image(const ListedImage& image) {
    const auto header = header_of(image.profile);
    if (!header || !is_header_of(*header, image)) {
      harvest.problems.push_back(image.profile + ": was removed, moved away or replaced while it was written");
      return;
    }
    seen_.insert(image.profile);
    ++harvest.images;
    if (harvest.profile.empty()) harvest.profile = image.profile;
    private_directories_.insert(image.profile + ".d");
    if (process_lives(header->image.pid, header->image.start_ticks)) {
      ++harvest.running;
      return;
    }
    const std::string window = window_of(image.profile, *header);
    try {
      add(fold_image(image.profile, *header, window, status_for(image)));
      harvest.folded.push_back(image.profile);
    } catch (const Failure& failure) {
      std::error_code ignored;
      const bool kept = !window.empty() && fs::exists(window, ignored);
      harvest.problems.push_back(failure.what() + (kept ? "; its last part stays in " + window : std::string()));
      count(image.profile, window);
    }
  }

  FoldedProfile fold_image(const std::string& profile, const ProfileHeader& header, const std::string& window,
                           std::optional<WaitStatus> status) const {
    const std::string packed = packed_of(profile, header);
    if (ring_ == Ring::kAggregate) {
      const auto aggregated = fold_and_aggregate(profile, window, packed, status);
      if (aggregated) return *aggregated;
    }
    std::error_code ignored;
    const bool pack =
        ring_ != Ring::kSpill && (fs::exists(packed, ignored) || fs::file_size(profile, ignored) >= kLeastToPack);
    const auto folded = pack ? fold_and_pack(profile, window, packed, status) : std::nullopt;
    return folded ? *folded : fold(profile, window, status);
  }

  void count(const std::string& profile, const std::string& window) {
    try {
      add(count_unfolded(profile, window));
    } catch (const Failure&) {  // said already
    }
  }

  void add(const FoldedProfile& folded) {
    harvest.events += folded.events;
    harvest.lost_events += folded.lost_events;
    harvest.size_bytes += folded.size_bytes;
  }

  std::optional<WaitStatus> status_for(const ListedImage& image) const {
    const bool last = image.pid == static_cast<uint32_t>(child_.pid) && image.number == last_of_child_;
    return last ? std::optional<WaitStatus>(child_.status) : std::nullopt;
  }

  const ChildEnd& child_;
  Ring ring_;
  uint32_t last_of_child_ = 0;
  std::set<std::string> seen_;
  std::set<fs::path> private_directories_;
};

}  // namespace

RunHarvest harvest(const std::vector<ListedImage>& images, const ChildEnd& child, Ring ring) {
  Harvester harvester(child, ring);
  harvester.take(images);
  return std::move(harvester.harvest);
}

}  // namespace cistern::analyzer
