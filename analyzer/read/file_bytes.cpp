#include "analyzer/read/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

// A fault maps neighbours too: 64 KiB on most Linux systems, 1 MiB on some, and never more than what one page table
// covers.
constexpr uint64_t kPageTableBytes = 2 * 1024 * 1024;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (number_ < 0) throw unreadable(path, std::strerror(errno));
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace

FileBytes::FileBytes(const std::string& path) {
  const Descriptor file(path);
  struct stat info {};
  if (::fstat(file.number(), &info) != 0) throw unreadable(path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) throw unreadable(path, "is a directory, not a profile");
  if (!S_ISREG(info.st_mode)) throw unreadable(path, "is not a regular file");
  if (info.st_size == 0) return;
  const auto size = static_cast<uint64_t>(info.st_size);
  void* const place = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (place == MAP_FAILED) throw unreadable(path, std::string("cannot be mapped: ") + std::strerror(errno));
  begin_ = static_cast<const uint8_t*>(place);
  size_bytes_ = size;
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(begin_, other.begin_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

void FileBytes::forget(std::span<const uint8_t> part) const noexcept {
  const auto base = reinterpret_cast<uintptr_t>(begin_);
  const auto first = reinterpret_cast<uintptr_t>(part.data());
  if (part.empty() || first < base || first - base >= size_bytes_) return;
  const uintptr_t begin = std::max<uintptr_t>(base, first & ~(kPageTableBytes - 1));
  const uintptr_t end =
      std::min<uintptr_t>(base + size_bytes_, (first + part.size() + kPageTableBytes - 1) & ~(kPageTableBytes - 1));
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

FileBytes::~FileBytes() {
  if (begin_ != nullptr) ::munmap(const_cast<uint8_t*>(begin_), size_bytes_);
}

}  // namespace cistern::analyzer
