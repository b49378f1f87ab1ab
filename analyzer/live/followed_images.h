// The images of a run whose processes are followed while they run: each from the time when it is found until its
// process has ended or following it fails for good.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/live/image_source.h"

namespace cistern::analyzer {

// At the same time. Further images wait until others have ended.
constexpr size_t kMaxFollowed = 64;
// An image whose files are not there yet, or that another process packs, is tried again.
constexpr unsigned kMaxTries = 50;

template <typename Followed>
class FollowedImages {
 public:
  // `images` must outlive this object.
  explicit FollowedImages(const ImageSource& images) : images_(images) {}

  // Follows the images that are new since the last call. follow(ListedImage) returns a unique_ptr<Followed>, or throws.
  template <typename Follow>
  void find_new(Follow follow) {
    if (images_.version() != version_) {
      version_ = images_.version();
      for (ListedImage& image : images_.read()) {
        if (seen_.insert(image.profile).second) waiting_.push_back({std::move(image), 0});
      }
    }
    std::erase_if(waiting_, [&](Waiting& waiting) {
      if (followed_.size() >= kMaxFollowed) return false;
      try {
        followed_.push_back(follow(waiting.image));
        return true;
      } catch (const std::exception&) {  // collect() reports the problem if it persists
        return ++waiting.tries == kMaxTries;
      }
    });
  }

  // Calls visit(followed) for each image. An image for which it returns false or throws is not followed any more.
  template <typename Visit>
  void each(Visit visit) {
    std::erase_if(followed_, [&visit](const std::unique_ptr<Followed>& image) {
      try {
        return !visit(*image);
      } catch (const std::exception&) {
        return true;
      }
    });
  }

 private:
  struct Waiting {
    ListedImage image;
    unsigned tries;
  };

  const ImageSource& images_;
  uint64_t version_ = 0;
  std::set<std::string> seen_;
  std::vector<Waiting> waiting_;
  std::vector<std::unique_ptr<Followed>> followed_;
};

}  // namespace cistern::analyzer
