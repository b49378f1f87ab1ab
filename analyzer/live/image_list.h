// The list of a run's images: a file in a private directory. Each recorded image appends a line
// "PID START NUMBER PROFILE". The destructor removes both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/live/image_source.h"

namespace cistern::analyzer {

class ImageList : public ImageSource {
 public:
  // Creates the directory in $TMPDIR, else in /tmp, /var/tmp or /dev/shm. Errors: Failure.
  ImageList();
  ~ImageList() override;
  ImageList(const ImageList&) = delete;
  ImageList& operator=(const ImageList&) = delete;

  // The value of the environment variable kRunVariable.
  const std::string& path() const noexcept { return path_; }

  // The images listed so far, in order. Malformed and incomplete lines are skipped.
  std::vector<ListedImage> read() const override;
  // The size of the file, which grows with each new image; 0 when it cannot be read.
  uint64_t version() const noexcept override;

 private:
  std::string directory_;
  std::string path_;
};

// Parses one line, without its newline. Returns false when it is malformed.
bool parse_image_line(const std::string& line, ListedImage& image);

}  // namespace cistern::analyzer
