#include "preload/ring/image_lock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "cistern/format/profile_header.h"
#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

struct flock lock_byte(short type) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = kImageLockByte;
  lock.l_len = 1;
  return lock;
}

long open_file(const PathText& path) noexcept {
  return raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path.c_str()),
                     O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

// Maps a page that forked children do not inherit. Returns 0 when that is refused.
long map_page(long fd) noexcept {
  const long mapping = raw_syscall(SYS_mmap, 0, kPageBytes, PROT_NONE, MAP_PRIVATE, fd, 0);
  if (is_error(mapping)) return 0;
  if (!is_error(raw_syscall(SYS_madvise, mapping, kPageBytes, MADV_DONTFORK))) return mapping;
  raw_syscall(SYS_munmap, mapping, kPageBytes);
  return 0;
}

}  // namespace

bool HeldImageLock::hold(const PathText& path, const FileIdentity& identity) noexcept {
  const long fd = open_file(path);
  if (is_error(fd)) return false;
  if (status_of(static_cast<int>(fd)).identity == identity) mapping_ = map_page(fd);
  struct flock lock = lock_byte(F_RDLCK);
  const bool held = mapping_ != 0 && !is_error(raw_syscall(SYS_fcntl, fd, F_OFD_SETLK, reinterpret_cast<long>(&lock)));
  if (!held) release();
  raw_syscall(SYS_close, fd);
  return held;
}

void HeldImageLock::release() noexcept {
  if (mapping_ != 0) raw_syscall(SYS_munmap, mapping_, kPageBytes);
  mapping_ = 0;
}

bool is_image_running(const PathText& path) noexcept {
  if (!status_at(path.c_str()).replaceable) return false;  // opening a device may have effects
  const long fd = open_file(path);
  if (is_error(fd)) return false;
  struct flock lock = lock_byte(F_WRLCK);
  const bool asked = !is_error(raw_syscall(SYS_fcntl, fd, F_OFD_GETLK, reinterpret_cast<long>(&lock)));
  raw_syscall(SYS_close, fd);
  return asked && lock.l_type != F_UNLCK;
}

}  // namespace cistern::preload
