// The functions below ours: what RTLD_NEXT finds, libc's or those of an allocator that was preloaded behind us. Until
// they are resolved (on first use; dlsym may itself call calloc) requests are served from a small static pool, whose
// blocks free() ignores. Any thread.
#pragma once

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace cistern::preload {

struct RealFunctions {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void (*free)(void*);
  void* (*memalign)(size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
  void (*free_sized)(void*, size_t);
  void (*free_aligned_sized)(void*, size_t, size_t);
  void* (*mmap)(void*, size_t, int, int, int, off_t);
  int (*munmap)(void*, size_t);
  void* (*mremap)(void*, size_t, size_t, int, ...);
  int (*brk)(void*);
  void* (*sbrk)(intptr_t);
  pid_t (*fork)();
  pid_t (*async_fork)();  // _Fork; nullptr before glibc 2.34
  void (*exit_now)(int);  // _exit
  void (*quick_exit)(int);
  int (*execve)(const char*, char* const*, char* const*);
  int (*execvpe)(const char*, char* const*, char* const*);
  int (*fexecve)(int, char* const*, char* const*);
  int (*execveat)(int, const char*, char* const*, char* const*, int);
  int (*posix_spawn)(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
                     char* const*);
  int (*posix_spawnp)(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
                      char* const*);
  int (*pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  void (*pthread_exit)(void*);
  struct mallinfo2 (*mallinfo2)();  // nullptr before glibc 2.33
};
extern RealFunctions g_real;

// Resolves all of them. Idempotent; a call that arrives while it runs returns at once.
void resolve_real_functions() noexcept;

// Whether `block` is from the static pool.
bool in_bootstrap_pool(const void* block) noexcept;
// Requested bytes of a block of the static pool.
size_t bootstrap_size(const void* block) noexcept;
uint64_t bootstrap_blocks() noexcept;

}  // namespace cistern::preload

// Where the hooks of dlopen and dlclose go (hooks/loader.cpp): constant-initialised to functions that resolve first.
extern "C" {
extern void* (*cistern_real_dlopen)(const char*, int);
extern int (*cistern_real_dlclose)(void*);
}
