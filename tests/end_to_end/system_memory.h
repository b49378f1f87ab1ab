// Memory for the tests' own bookkeeping, by system calls that no interposed function sees. Aborts if there is none.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace cistern_test {

inline void* system_map(uint64_t bytes) {
  const long at = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == -1) abort();
  return reinterpret_cast<void*>(at);
}

// A file of `bytes` bytes, made when it is not there, whose pages other processes see at once and that outlives this
// one. Returns nullptr when it cannot be had.
inline void* system_map_file(const char* path, uint64_t bytes) {
  const long file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  long at = syscall(SYS_ftruncate, file, bytes);
  if (at == 0) at = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  return at == -1 ? nullptr : reinterpret_cast<void*>(at);
}

}  // namespace cistern_test
