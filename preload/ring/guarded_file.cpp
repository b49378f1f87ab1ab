#include "preload/ring/guarded_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>

#include "preload/arch/arch.h"
#include "preload/base/memory.h"

namespace cistern::preload {
namespace {

constexpr uint64_t kHighNumbers = 16;  // ours is among so many of the greatest numbers
constexpr int kFirstHigh = 48;         // programs use numbers below

int errno_of(long result) noexcept {
  return is_error(result) ? static_cast<int>(-result) : 0;
}

uint64_t soft_limit(int resource) noexcept {
  rlimit limit{};
  if (is_error(raw_syscall(SYS_prlimit64, 0, resource, 0, reinterpret_cast<long>(&limit)))) return UINT64_MAX;
  return limit.rlim_cur;
}

// Growing a file past the soft limit raises SIGXFSZ, which kills.
bool exceeds_limit(uint64_t end) noexcept {
  return end > soft_limit(RLIMIT_FSIZE);
}

// Moves a descriptor to a high number, out of the way of those that programs use, if the limit allows one.
int move_high(int fd) noexcept {
  const uint64_t top = std::min<uint64_t>(soft_limit(RLIMIT_NOFILE), 65536);
  if (top < kFirstHigh + kHighNumbers) return fd;
  const long high = raw_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, static_cast<long>(top - kHighNumbers));
  if (is_error(high)) return fd;
  raw_syscall(SYS_close, fd);
  return static_cast<int>(high);
}

}  // namespace

int GuardedFile::create(const PathText& path, bool replace) noexcept {
  if (!path.complete()) return ENAMETOOLONG;
  path_ = path;
  if (replace) {
    const FileStatus there = status_at(path_.c_str());
    if (there.identity.known() && !there.replaceable) return EINVAL;
    raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()), 0);
  }
  constexpr long kOwnerOnly = 0600;
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()),
                              O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (is_error(fd)) return errno_of(fd);
  raw_syscall(SYS_fchmod, fd, kOwnerOnly);  // a umask may have taken away even that
  fd_ = move_high(static_cast<int>(fd));
  identity_ = status_of(fd_).identity;
  end_ = 0;
  return identity_.known() ? 0 : EBADF;
}

// Opens our file again. Returns a descriptor or -errno. Nothing else is opened, because opening a device may have
// effects.
int GuardedFile::reopen() noexcept {
  fd_ = -1;
  if (!identity_.known() || status_at(path_.c_str()).identity != identity_) return -EBADF;
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()),
                              O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
  if (is_error(fd)) return static_cast<int>(fd);
  if (status_of(static_cast<int>(fd)).identity == identity_) return move_high(static_cast<int>(fd));
  raw_syscall(SYS_close, fd);
  return -EBADF;
}

// Returns a descriptor or -errno.
int GuardedFile::descriptor() noexcept {
  FileStatus status = status_of(fd_);
  if (fd_ < 0 || status.identity != identity_) {
    fd_ = reopen();
    if (fd_ < 0) return fd_;
    status = status_of(fd_);
  }
  if (status.links == 0) return -EIDRM;
  return status.size_bytes < end_ ? -ESTALE : fd_;
}

// Ends an operation that, without an `error`, made the file reach `end`. Returns `error`.
int GuardedFile::written(int error, uint64_t end) noexcept {
  if (error == 0) end_ = std::max(end_, end);
  if (fd_ < kFirstHigh) close();
  return error;
}

int GuardedFile::write_at(const void* bytes, size_t size, uint64_t offset) noexcept {
  const uint64_t end = offset + size;
  if (exceeds_limit(end)) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return written(-fd, 0);
  auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const long put =
        raw_syscall(SYS_pwrite64, fd, reinterpret_cast<long>(at), static_cast<long>(size), static_cast<long>(offset));
    if (put == -EINTR) continue;
    if (is_error(put)) return written(errno_of(put), 0);
    if (put == 0) return written(ENOSPC, 0);
    at += put;
    size -= static_cast<size_t>(put);
    offset += static_cast<uint64_t>(put);
  }
  return written(0, end);
}

int GuardedFile::reserve(uint64_t offset, uint64_t size) noexcept {
  const uint64_t end = offset + size;
  if (exceeds_limit(end)) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return written(-fd, 0);
  for (;;) {
    const long result = raw_syscall(SYS_fallocate, fd, 0, static_cast<long>(offset), static_cast<long>(size));
    if (result == -EINTR) continue;
    if (result != -EOPNOTSUPP) return written(errno_of(result), end);
    break;
  }
  // A file system without fallocate: a zero is written to the end of each page.
  for (uint64_t at = offset; at < end; at += kPageBytes) {
    if (const int error = write_at("", 1, std::min(at + kPageBytes, end) - 1); error != 0) return error;
  }
  return 0;
}

int GuardedFile::clear(uint64_t offset, uint64_t size) noexcept {
  const int fd = descriptor();
  if (fd < 0) return EBADF;
  // The first call keeps the blocks, so that a later write cannot find the disk full. Some file systems know only the
  // second.
  for (const int how : {FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}) {
    long result = -EINTR;
    while (result == -EINTR) {
      result = raw_syscall(SYS_fallocate, fd, how, static_cast<long>(offset), static_cast<long>(size));
    }
    if (result != -EOPNOTSUPP) return errno_of(result);
  }
  static char zeros[64 * 1024];  // never written
  for (uint64_t at = 0; at < size; at += sizeof zeros) {
    const uint64_t bytes = size - at < sizeof zeros ? size - at : sizeof zeros;
    if (const int error = write_at(zeros, bytes, offset + at); error != 0) return error;
  }
  return 0;
}

int GuardedFile::resize(uint64_t size) noexcept {
  if (exceeds_limit(size)) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return written(-fd, 0);
  return written(errno_of(raw_syscall(SYS_ftruncate, fd, static_cast<long>(size))), size);
}

void* GuardedFile::map(uint64_t offset, size_t size) noexcept {
  const int fd = descriptor();
  if (fd < 0) return nullptr;
  const long at = raw_syscall(SYS_mmap, 0, static_cast<long>(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                              static_cast<long>(offset));
  if (is_error(at)) return nullptr;
  raw_syscall(SYS_madvise, at, static_cast<long>(size), MADV_DONTFORK);
  return reinterpret_cast<void*>(at);
}

void GuardedFile::close() noexcept {
  if (fd_ >= 0 && status_of(fd_).identity == identity_) raw_syscall(SYS_close, fd_);
  fd_ = -1;
}

void GuardedFile::abandon() noexcept {
  close();
  identity_ = {};
  end_ = 0;
}

void GuardedFile::unlink() noexcept {
  if (!identity_.known() || status_at(path_.c_str()).identity != identity_) return;
  raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()), 0);
}

}  // namespace cistern::preload
