#include "preload/base/file_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

FileStatus from(long result, const struct stat& status) noexcept {
  if (is_error(result)) return {};
  const bool replaceable = S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
  return {{status.st_dev, status.st_ino},
          static_cast<uint64_t>(status.st_size),
          replaceable,
          status.st_nlink,
          status.st_mode,
          status.st_uid};
}

}  // namespace

FileStatus status_of(int fd) noexcept {
  struct stat status {};
  return from(raw_syscall(SYS_fstat, fd, reinterpret_cast<long>(&status)), status);
}

FileStatus status_at(const char* path) noexcept {
  struct stat status {};
  return from(raw_syscall(SYS_newfstatat, AT_FDCWD, reinterpret_cast<long>(path), reinterpret_cast<long>(&status),
                          AT_SYMLINK_NOFOLLOW),
              status);
}

}  // namespace cistern::preload
