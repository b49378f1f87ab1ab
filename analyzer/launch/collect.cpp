#include "analyzer/launch/collect.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "analyzer/read/failure.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/read/profile.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/finalize.h"
#include "analyzer/write/finalize_packed.h"
#include "analyzer/write/packer_lock.h"
#include "analyzer/write/symbol_writer.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::optional<ProfileHeader> header_of(const std::string& path) {
  try {
    const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // the path may be a pipe now
    const auto header = file.value_at<ProfileHeader>(0);
    if (std::equal(std::begin(kProfileMagic), std::end(kProfileMagic), header.magic)) return header;
  } catch (const Failure&) {
  }
  return std::nullopt;
}

bool is_header_of(const ProfileHeader& header, const ListedImage& image) {
  return header.role == FileRole::kProfile && header.image.pid == image.pid && header.image.number == image.number;
}

class RunCollector {
 public:
  RunCollector(const ChildEnd& child, RingMode ring) : child_(child), ring_(ring) {}

  void collect(const std::vector<ListedImage>& images) {
    for (const ListedImage& image : images) {
      if (is_child(image, header_of(image.profile))) last_of_child_ = std::max(last_of_child_, image.number);
    }
    for (const ListedImage& image : images) {
      if (!seen_.contains(image.profile)) collect_image(image);
    }
    for (const ListedImage& image : unlisted()) collect_image(image);
    std::error_code ignored;
    for (const fs::path& directory : private_directories_) fs::remove(directory, ignored);  // only when it is empty
  }

  CollectedRun run;

 private:
  // Images of processes that changed their user and may not add a line to the list.
  std::vector<ListedImage> unlisted() const {
    std::vector<ListedImage> images;
    if (run.profile.empty()) return images;
    std::error_code error;
    for (fs::directory_iterator at(run.profile + ".d", error), end; !error && at != end; at.increment(error)) {
      const std::string path = at->path().string();
      std::error_code ignored;
      if (at->path().extension() != kProfileSuffix || seen_.contains(path) ||
          at->symlink_status(ignored).type() != fs::file_type::regular)
        continue;
      const auto header = header_of(path);
      if (header && header->role == FileRole::kProfile) {
        images.push_back({header->image.pid, header->image.number, path});
      }
    }
    return images;
  }

  void collect_image(const ListedImage& image) {
    const auto header = header_of(image.profile);
    if (!header || !is_header_of(*header, image)) {
      run.problems.push_back(image.profile + ": removed, moved or replaced while the program ran");
      return;
    }
    seen_.insert(image.profile);
    ++run.images;
    if (run.profile.empty()) run.profile = image.profile;
    private_directories_.insert(image.profile + ".d");
    const std::string window = window_of(image.profile, *header);
    if (!is_child(image, header) && liveness_of(image.profile, *header) != Liveness::kEnded) {
      ++run.running;
      return count(image.profile, window);
    }
    try {
      const PackerLock lock(image.profile);
      add(finalize_image(image.profile, *header, window, status_for(image, header)));
      run.finalized.push_back(image.profile);
    } catch (const Failure& failure) {
      std::error_code ignored;
      const bool kept = !window.empty() && fs::exists(window, ignored);
      run.problems.push_back(failure.what() + (kept ? "; the last events stay in " + window : std::string()));
      count(image.profile, window);
    }
  }

  FinalizedProfile finalize_image(const std::string& profile, const ProfileHeader& header, const std::string& window,
                                  std::optional<WaitStatus> status) const {
    const std::string packed = packed_of(profile, header);
    if (ring_ == RingMode::kSnapshot) {
      const auto finalized = finalize_as_snapshot(profile, window, packed, status);
      if (finalized) return *finalized;
    }
    std::error_code ignored;
    const bool pack = ring_ != RingMode::kSpill &&
                      (fs::exists(packed, ignored) || fs::file_size(profile, ignored) >= kMinBytesToPack);
    const auto finalized = pack ? finalize_and_pack(profile, window, packed, status) : std::nullopt;
    return finalized ? *finalized : finalize(profile, window, status);
  }

  void count(const std::string& profile, const std::string& window) {
    try {
      add(count_unfinalized(profile, window));
    } catch (const Failure&) {  // reported already
    }
  }

  void add(const FinalizedProfile& finalized) {
    run.events += finalized.events;
    run.lost_events += finalized.lost_events;
    run.stopped += finalized.stopped ? 1 : 0;
    run.size_bytes += finalized.size_bytes;
  }

  // Whether it is an image of the child, whose status we know. Not a process with the same pid in a namespace below.
  bool is_child(const ListedImage& image, const std::optional<ProfileHeader>& header) const {
    return image.pid == static_cast<uint32_t>(child_.pid) && header && is_in_our_pid_namespace(*header);
  }

  std::optional<WaitStatus> status_for(const ListedImage& image, const std::optional<ProfileHeader>& header) const {
    const bool last = is_child(image, header) && image.number == last_of_child_;
    return last ? std::optional<WaitStatus>(child_.status) : std::nullopt;
  }

  const ChildEnd& child_;
  RingMode ring_;
  uint32_t last_of_child_ = 0;
  std::set<std::string> seen_;
  std::set<fs::path> private_directories_;
};

}  // namespace

CollectedRun collect(const std::vector<ListedImage>& images, const ChildEnd& child, RingMode ring) {
  RunCollector collector(child, ring);
  collector.collect(images);
  return std::move(collector.run);
}

void add_symbols(CollectedRun& collected) {
  Symbolizer symbolizer;
  for (const std::string& profile : collected.finalized) {
    try {
      collected.size_bytes += add_symbols(profile, symbolizer).written_bytes;
    } catch (const Failure& failure) {
      collected.problems.emplace_back(failure.what());
    }
  }
}

}  // namespace cistern::analyzer
