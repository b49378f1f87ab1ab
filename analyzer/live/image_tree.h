// The images of a recording, found by their files: the first profile X.cistern, and the profiles in X.cistern.d.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "analyzer/live/image_source.h"

namespace cistern::analyzer {

class ImageTree : public ImageSource {
 public:
  // Neither the profile nor its folder need exist yet.
  explicit ImageTree(std::string first_profile) : first_(std::move(first_profile)) {}

  // The first profile comes first. Files without a complete header are left out: they are being made.
  std::vector<ListedImage> read() const override;
  uint64_t version() const noexcept override;

 private:
  std::string first_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, ListedImage> known_;  // guarded by mutex_; by path
};

}  // namespace cistern::analyzer
