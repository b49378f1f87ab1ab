// The images of a run whose processes are followed while they run: each from the time when it is listed until its
// process has ended or following it fails.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "analyzer/live/image_list.h"

namespace cistern::analyzer {

// At the same time. Further images are not followed.
constexpr size_t kMaxFollowed = 64;

template <typename Followed>
class FollowedImages {
 public:
  // `images` must outlive this object.
  explicit FollowedImages(const ImageList& images) : images_(images) {}

  // Follows the images that were listed since the last call. follow(ListedImage) returns a unique_ptr<Followed>; an
  // image for which it throws is not followed.
  template <typename Follow>
  void find_new(Follow follow) {
    if (images_.size_bytes() == listed_bytes_) return;
    listed_bytes_ = images_.size_bytes();
    const std::vector<ListedImage> listed = images_.read();
    for (; seen_ < listed.size(); ++seen_) {
      if (followed_.size() >= kMaxFollowed) continue;
      try {
        followed_.push_back(follow(listed[seen_]));
      } catch (const std::exception&) {  // collect() reports the problem if it persists
      }
    }
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
  const ImageList& images_;
  uint64_t listed_bytes_ = 0;
  size_t seen_ = 0;
  std::vector<std::unique_ptr<Followed>> followed_;
};

}  // namespace cistern::analyzer
