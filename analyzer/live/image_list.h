// The list of a run's images: a file in a private directory. Each recorded image appends a line
// "PID START NUMBER PROFILE". The destructor removes both.
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

class ImageList {
 public:
  // Creates the directory in $TMPDIR, else in /tmp, /var/tmp or /dev/shm. Errors: Failure.
  ImageList();
  ~ImageList();
  ImageList(const ImageList&) = delete;
  ImageList& operator=(const ImageList&) = delete;

  // The value of the environment variable kRunVariable.
  const std::string& path() const noexcept { return path_; }

  // The images listed so far, in order. Malformed and incomplete lines are skipped.
  std::vector<ListedImage> read() const;
  // The size of the file, which grows with each new image; 0 when it cannot be read.
  uint64_t size_bytes() const noexcept;

 private:
  std::string directory_;
  std::string path_;
};

// Parses one line, without its newline. Returns false when it is malformed.
bool parse_image_line(const std::string& line, ListedImage& image);

}  // namespace cistern::analyzer
