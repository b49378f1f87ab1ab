// The images of one run: a file to which each recorded image appends a line "PID START NUMBER PROFILE", in a private
// directory that is removed with this object.
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
  // Makes the directory below $TMPDIR, or where that cannot be, /tmp, /var/tmp or /dev/shm. Errors: Failure, exit code
  // 125.
  ImageList();
  ~ImageList();
  ImageList(const ImageList&) = delete;
  ImageList& operator=(const ImageList&) = delete;

  // For the environment variable kRunVariable.
  const std::string& path() const noexcept { return path_; }

  // What was appended so far, in order; incomplete lines are left out.
  std::vector<ListedImage> read() const;
  // Of the list: it grows when there are more. 0 when it cannot be read.
  uint64_t size_bytes() const noexcept;

 private:
  std::string directory_;
  std::string path_;
};

// One line without its newline. Returns false when it is malformed.
bool parse_image_line(const std::string& line, ListedImage& image);

}  // namespace cistern::analyzer
