// Every function that the library takes over, on one screen. From these lists come the struct RealFunctions and what
// resolves it (real.h), and the linker's version script (preload/CMakeLists.txt). The hooks themselves are in hooks/;
// a test checks that they agree with the lists.
#pragma once

#include <pthread.h>
#include <spawn.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

// clang-format off

// HOOK(name, type): a hook, and the type of the real function that it calls.
#define CISTERN_HOOKED_FUNCTIONS(HOOK)                                                                                \
  HOOK(malloc, void*(size_t))                                                                                         \
  HOOK(calloc, void*(size_t, size_t))                                                                                 \
  HOOK(realloc, void*(void*, size_t))                                                                                 \
  HOOK(free, void(void*))                                                                                             \
  HOOK(memalign, void*(size_t, size_t))                                                                               \
  HOOK(aligned_alloc, void*(size_t, size_t))                                                                          \
  HOOK(posix_memalign, int(void**, size_t, size_t))                                                                   \
  HOOK(valloc, void*(size_t))                                                                                         \
  HOOK(pvalloc, void*(size_t))                                                                                        \
  HOOK(mmap, void*(void*, size_t, int, int, int, off_t))                                                              \
  HOOK(munmap, int(void*, size_t))                                                                                    \
  HOOK(mremap, void*(void*, size_t, size_t, int, ...))                                                                \
  HOOK(brk, int(void*))                                                                                               \
  HOOK(sbrk, void*(intptr_t))                                                                                         \
  HOOK(fork, pid_t())                                                                                                 \
  HOOK(quick_exit, void(int))                                                                                         \
  HOOK(execve, int(const char*, char* const*, char* const*))                                                          \
  HOOK(execvpe, int(const char*, char* const*, char* const*))                                                         \
  HOOK(fexecve, int(int, char* const*, char* const*))                                                                 \
  HOOK(posix_spawn, int(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*,             \
                        char* const*, char* const*))                                                                  \
  HOOK(posix_spawnp, int(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*,            \
                         char* const*, char* const*))                                                                 \
  HOOK(pthread_create, int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*))                               \
  HOOK(pthread_exit, void(void*))                                                                                     \
  HOOK(dlclose, int(void*))

// The same for functions that an older libc lacks: the real function may be nullptr.
#define CISTERN_NEWER_HOOKED_FUNCTIONS(HOOK)                                                                          \
  HOOK(free_sized, void(void*, size_t))                  /* C23 */                                                    \
  HOOK(free_aligned_sized, void(void*, size_t, size_t))  /* C23 */                                                  \
  HOOK(execveat, int(int, const char*, char* const*, char* const*, int))  /* glibc 2.34 */                            \
  HOOK(_Fork, pid_t())                                   /* glibc 2.34 */

// Hooks that call another hook's real function, or the kernel. dlopen jumps to cistern_real_dlopen (hooks/loader.cpp).
#define CISTERN_OTHER_HOOKED_FUNCTIONS(HOOK)                                                                          \
  HOOK(cfree) HOOK(mmap64) HOOK(_exit) HOOK(_Exit)                                                                    \
  HOOK(execv) HOOK(execvp) HOOK(execl) HOOK(execlp) HOOK(execle) HOOK(dlopen)

// Functions that the library calls but does not take over, and that an older libc lacks.
#define CISTERN_CALLED_FUNCTIONS(CALL)                                                                                \
  CALL(mallinfo2, struct mallinfo2())  /* glibc 2.33 */

// The public C API (cistern/cistern.h): exported, too.
#define CISTERN_API_FUNCTIONS(EXPORT)                                                                                 \
  EXPORT(cistern_mark) EXPORT(cistern_start) EXPORT(cistern_stop) EXPORT(cistern_flush) EXPORT(cistern_enabled)

// clang-format on
