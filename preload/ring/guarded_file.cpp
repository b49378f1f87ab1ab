#include "preload/ring/guarded_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "preload/base/arch.h"
#include "preload/base/memory.h"

namespace cistern::preload {
namespace {

int errno_of(long result) noexcept {
  return is_error(result) ? static_cast<int>(-result) : 0;
}

// The soft limit on a file's size; growing past it raises SIGXFSZ, which kills.
uint64_t file_size_limit() noexcept {
  rlimit limit{};
  if (is_error(raw_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, reinterpret_cast<long>(&limit)))) return UINT64_MAX;
  return limit.rlim_cur;
}

// Moves a descriptor out of the way of numbers that programs use.
int move_high(int fd) noexcept {
  rlimit limit{};
  raw_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit));
  const uint64_t top = limit.rlim_cur > 65536 ? 65536 : limit.rlim_cur;
  if (top < 64) return fd;
  const long high = raw_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, static_cast<long>(top - 16));
  if (is_error(high)) return fd;
  raw_syscall(SYS_close, fd);
  return static_cast<int>(high);
}

bool status_of(int fd, struct stat& status) noexcept {
  return !is_error(raw_syscall(SYS_fstat, fd, reinterpret_cast<long>(&status)));
}

}  // namespace

int GuardedFile::create(const PathText& path, bool replace) noexcept {
  path_ = path;
  if (replace) raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()), 0);
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()),
                              O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (is_error(fd)) return errno_of(fd);
  fd_ = move_high(static_cast<int>(fd));
  struct stat status {};
  if (!status_of(fd_, status)) return EBADF;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return 0;
}

bool GuardedFile::ours(int fd) const noexcept {
  struct stat status {};
  return fd >= 0 && status_of(fd, status) && status.st_dev == device_ && status.st_ino == inode_;
}

int GuardedFile::descriptor() noexcept {
  if (ours(fd_)) return fd_;
  const long fd =
      raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (is_error(fd)) return -1;
  if (!ours(static_cast<int>(fd))) {
    raw_syscall(SYS_close, fd);
    return -1;
  }
  return fd_ = move_high(static_cast<int>(fd));
}

int GuardedFile::write_at(const void* bytes, size_t size, uint64_t offset) noexcept {
  if (offset + size > file_size_limit()) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return EBADF;
  auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const long written =
        raw_syscall(SYS_pwrite64, fd, reinterpret_cast<long>(at), static_cast<long>(size), static_cast<long>(offset));
    if (written == -EINTR) continue;
    if (is_error(written)) return errno_of(written);
    if (written == 0) return ENOSPC;
    at += written;
    size -= static_cast<size_t>(written);
    offset += static_cast<uint64_t>(written);
  }
  return 0;
}

int GuardedFile::reserve(uint64_t offset, uint64_t size) noexcept {
  if (offset + size > file_size_limit()) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return EBADF;
  for (;;) {
    const long result = raw_syscall(SYS_fallocate, fd, 0, static_cast<long>(offset), static_cast<long>(size));
    if (result == -EINTR) continue;
    if (result != -EOPNOTSUPP) return errno_of(result);
    break;
  }
  // A file system without fallocate: write a zero into each page, as posix_fallocate does.
  for (uint64_t at = offset; at < offset + size; at += 4096) {
    if (const int error = write_at("", 1, at); error != 0) return error;
  }
  return 0;
}

int GuardedFile::resize(uint64_t size) noexcept {
  if (size > file_size_limit()) return EFBIG;
  const int fd = descriptor();
  if (fd < 0) return EBADF;
  return errno_of(raw_syscall(SYS_ftruncate, fd, static_cast<long>(size)));
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
  if (ours(fd_)) raw_syscall(SYS_close, fd_);
  fd_ = -1;
}

void GuardedFile::abandon() noexcept {
  close();
  inode_ = 0;
}

void GuardedFile::unlink() noexcept {
  raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path_.c_str()), 0);
}

}  // namespace cistern::preload
