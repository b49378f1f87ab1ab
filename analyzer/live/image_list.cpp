#include "analyzer/live/image_list.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>

#include "analyzer/read/failure.h"
#include "analyzer/write/descriptor.h"

namespace cistern::analyzer {
namespace {

// Creates a private directory in $TMPDIR, else in one of the usual places.
std::string make_directory() {
  const char* const chosen = std::getenv("TMPDIR");
  int first_error = 0;
  for (const char* parent : {chosen, "/tmp", "/var/tmp", "/dev/shm"}) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string directory = std::string(parent) + "/cistern-run-XXXXXX";
    if (mkdtemp(directory.data()) != nullptr) return directory;
    if (first_error == 0) first_error = errno;
  }
  throw unreadable("temporary directory",
                   error_text(first_error) + " (set TMPDIR to a directory that can be written to)");
}

// Takes a number and the space behind it off the front of `text`.
template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto used = static_cast<size_t>(end - text.data());
  if (error != std::errc() || used == text.size() || text[used] != ' ') return false;
  text.remove_prefix(used + 1);
  return true;
}

}  // namespace

bool parse_image_line(const std::string& line, ListedImage& image) {
  std::string_view rest = line;
  uint64_t start = 0;
  if (!take_number(rest, image.pid) || !take_number(rest, start) || !take_number(rest, image.number)) return false;
  image.profile = rest;
  return !rest.empty();
}

ImageList::ImageList() : directory_(make_directory()) {
  if (directory_[0] != '/') {  // recorded programs may change their working directory
    char* const absolute = realpath(directory_.c_str(), nullptr);
    if (absolute == nullptr) throw file_failure(directory_, errno);
    directory_ = absolute;
    free(absolute);
  }
  path_ = directory_ + "/images";
  const Descriptor made(path_, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

ImageList::~ImageList() {
  unlink(path_.c_str());
  rmdir(directory_.c_str());
}

uint64_t ImageList::version() const noexcept {
  struct stat status;
  return stat(path_.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

std::vector<ListedImage> ImageList::read() const {
  std::vector<ListedImage> images;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    ListedImage image;
    if (parse_image_line(line, image)) images.push_back(image);
  }
  return images;
}

}  // namespace cistern::analyzer
