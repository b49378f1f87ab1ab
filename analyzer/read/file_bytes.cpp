#include "analyzer/read/file_bytes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

// A page fault maps neighbouring pages too: 64 KiB on most Linux systems, 1 MiB on some, never more than what one page
// table covers.
constexpr uint64_t kPageTableBytes = 2 * 1024 * 1024;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (number_ < 0) throw cannot_read(path, error_text(errno));
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int release() noexcept { return std::exchange(number_, -1); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

// In a file with more pieces than kMaxPieces, later holes are not searched for.
std::vector<FileBytes::Hole> holes_in(int file, uint64_t size_bytes) {
  constexpr uint64_t kLeastBytes = 1 << 20;
  constexpr size_t kMaxPieces = 4096;
  std::vector<FileBytes::Hole> holes;
  uint64_t at = 0;
  for (size_t piece = 0; piece < kMaxPieces && at < size_bytes; ++piece) {
    const off_t begin = ::lseek(file, static_cast<off_t>(at), SEEK_HOLE);
    if (begin < 0 || static_cast<uint64_t>(begin) >= size_bytes) break;
    const off_t data = ::lseek(file, begin, SEEK_DATA);  // fails if no data follows
    at = data < 0 ? size_bytes : static_cast<uint64_t>(data);
    if (at - static_cast<uint64_t>(begin) >= kLeastBytes) holes.push_back({static_cast<uint64_t>(begin), at});
  }
  return holes;
}

}  // namespace

FileBytes::FileBytes(const std::string& path, bool locked) {
  Descriptor file(path);
  if (locked) ::flock(file.number(), LOCK_SH);
  struct stat info {};
  if (::fstat(file.number(), &info) != 0) throw cannot_read(path, error_text(errno));
  if (S_ISDIR(info.st_mode)) throw cannot_read(path, "is a directory, not a profile");
  if (!S_ISREG(info.st_mode)) throw cannot_read(path, "is not a regular file");
  if (info.st_size == 0) return;
  const auto size = static_cast<uint64_t>(info.st_size);
  void* const place = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (place == MAP_FAILED) throw cannot_read(path, "mmap failed: " + error_text(errno));
  begin_ = static_cast<const uint8_t*>(place);
  size_bytes_ = size;
  holes_ = holes_in(file.number(), size);
  for (const Hole& hole : holes_) disable_read_ahead(hole);
  if (locked) lock_ = file.release();
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      holes_(std::move(other.holes_)),
      lock_(std::exchange(other.lock_, -1)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(begin_, other.begin_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(holes_, other.holes_);
  std::swap(lock_, other.lock_);
  return *this;
}

FileBytes::Hole FileBytes::hole_at(uint64_t offset) const noexcept {
  const auto after = std::upper_bound(holes_.begin(), holes_.end(), offset,
                                      [](uint64_t at, const Hole& hole) { return at < hole.begin; });
  return after != holes_.begin() && offset < (after - 1)->end ? *(after - 1) : Hole{};
}

// The kernel would read megabytes of the hole ahead.
void FileBytes::disable_read_ahead(const Hole& hole) const noexcept {
  constexpr uint64_t kPageBytes = 4096;
  const uint64_t begin = (hole.begin + kPageBytes - 1) & ~(kPageBytes - 1);
  if (begin < hole.end) ::madvise(const_cast<uint8_t*>(begin_) + begin, hole.end - begin, MADV_RANDOM);
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
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace cistern::analyzer
