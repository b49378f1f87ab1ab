// Where the images of a recording are found while it runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cistern::analyzer {

struct ListedImage {
  uint32_t pid = 0;
  uint32_t number = 0;
  std::string profile;
};

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  // The images so far. Any thread.
  virtual std::vector<ListedImage> read() const = 0;
  // A number that is cheap to get and changes when there are new images.
  virtual uint64_t version() const noexcept = 0;
};

}  // namespace cistern::analyzer
