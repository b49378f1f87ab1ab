#include "analyzer/write/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "analyzer/read/failure.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

namespace {

// In the folder of a run several users may have files.
bool is_in_shared_folder(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  return folder.ends_with(std::string(kProfileSuffix) + ".d");
}

int open_safely(const std::string& path, int flags, unsigned mode) {
  if (!is_in_shared_folder(path)) return open(path.c_str(), flags | O_CLOEXEC, mode);
  const int number = open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
  struct stat status;
  if (number < 0 || (fstat(number, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1)) return number;
  close(number);
  errno = ELOOP;  // a link to a file elsewhere
  return -1;
}

}  // namespace

Descriptor::Descriptor(const std::string& path, int flags, unsigned mode)
    : path_(path), number_(open_safely(path, flags, mode)) {
  if (number_ < 0) throw file_failure(path, errno);
}

Descriptor::~Descriptor() {
  close(number_);
}

uint64_t Descriptor::size() const {
  struct stat status;
  if (fstat(number_, &status) != 0) throw file_failure(path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

uint64_t Descriptor::read_at(uint64_t offset, void* to, uint64_t size) const {
  uint64_t done = 0;
  while (done < size) {
    const ssize_t got = pread(number_, static_cast<char*>(to) + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_failure(path_, errno);
    done += static_cast<uint64_t>(got);
  }
  return done;
}

void Descriptor::truncate() const {
  if (ftruncate(number_, 0) != 0) throw file_failure(path_, errno);
}

void Descriptor::write_at(uint64_t offset, const void* from, uint64_t size) const {
  uint64_t done = 0;
  while (done < size) {
    const ssize_t put =
        pwrite(number_, static_cast<const char*>(from) + done, size - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) roll_back(offset, done);
    done += static_cast<uint64_t>(put);
  }
}

void Descriptor::roll_back(uint64_t offset, uint64_t written) const {
  const int error = errno;
  if (written != 0 && size() == offset + written && ftruncate(number_, static_cast<off_t>(offset)) != 0) {
    throw file_failure(path_, errno);
  }
  throw file_failure(path_, error);
}

}  // namespace cistern::analyzer
