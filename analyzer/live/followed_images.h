// The images of a run that are followed while their processes live: each from when it is listed until it has ended, or
// cannot be followed any more.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "analyzer/live/image_list.h"

namespace cistern::analyzer {

// Of processes at the same time. Further ones are left alone.
constexpr size_t kMostFollowed = 64;

template <typename Followed>
class FollowedImages {
 public:
  // `images` outlives this.
  explicit FollowedImages(const ImageList& images) : images_(images) {}

  // Follows those that were listed since the last call. follow(ListedImage) makes a unique_ptr of what follows one; an
  // image for which it throws is left alone.
  template <typename Follow>
  void find_new(Follow follow) {
    if (images_.size_bytes() == listed_bytes_) return;
    listed_bytes_ = images_.size_bytes();
    const std::vector<ListedImage> listed = images_.read();
    for (; seen_ < listed.size(); ++seen_) {
      if (followed_.size() >= kMostFollowed) continue;
      try {
        followed_.push_back(follow(listed[seen_]));
      } catch (const std::exception&) {  // the collect will say what is wrong, if it still is
      }
    }
  }

  // visit(followed) returns whether it is to be followed on; not if it throws.
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
