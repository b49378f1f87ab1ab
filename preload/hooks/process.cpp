// The calls that make, replace and end a process. What libc does inside (exit, posix_spawn, system) is not seen here:
// the end by exit is seen by the destructor, and a child of vfork shares its parent's memory and is left alone.
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/arch.h"
#include "preload/base/real.h"
#include "preload/hooks/export.h"
#include "preload/recorder/lifecycle.h"
#include "preload/recorder/recorder.h"

using namespace cistern;
using namespace cistern::preload;

namespace {

[[noreturn]] void end_now(int code) noexcept {
  for (;;) raw_syscall(SYS_exit_group, code);
}

template <typename Exec>
int replace(Exec exec) noexcept {
  resolve_real_functions();
  exec_begins();
  const int result = exec();
  const int error = errno;
  exec_failed();
  errno = error;
  return result;
}

// The arguments of execl, execlp and execle, as an array on the caller's stack.
size_t count_arguments(va_list arguments) noexcept {
  size_t count = 1;
  while (va_arg(arguments, char*) != nullptr) ++count;
  return count;
}

void collect_arguments(char** out, const char* first, va_list arguments) noexcept {
  *out = const_cast<char*>(first);
  while (*out != nullptr) *++out = va_arg(arguments, char*);
}

}  // namespace

// Begins recording before main, whether or not something was allocated before; and sees the end by exit().
__attribute__((constructor)) static void begin() {
  start_process();
}

__attribute__((destructor)) static void end() {
  finish_image(EndKind::kExit, -1);
}

CISTERN_EXPORT pid_t fork() noexcept {
  resolve_real_functions();
  const pid_t child = g_real.fork();
  if (child > 0) {
    const int error = errno;
    child_forked(child);
    errno = error;
  }
  return child;
}

CISTERN_EXPORT void _exit(int code) {
  finish_image(EndKind::kQuickExit, code);
  end_now(code);
}

CISTERN_EXPORT void _Exit(int code) noexcept {
  finish_image(EndKind::kQuickExit, code);
  end_now(code);
}

CISTERN_EXPORT void quick_exit(int code) noexcept {
  resolve_real_functions();
  finish_image(EndKind::kQuickExit, code);
  g_real.quick_exit(code);
  end_now(code);
}

CISTERN_EXPORT int execve(const char* path, char* const* arguments, char* const* environment) noexcept {
  return replace([=] { return g_real.execve(path, arguments, environment); });
}

CISTERN_EXPORT int execv(const char* path, char* const* arguments) noexcept {
  return replace([=] { return g_real.execve(path, arguments, environ); });
}

CISTERN_EXPORT int execvp(const char* file, char* const* arguments) noexcept {
  return replace([=] { return g_real.execvpe(file, arguments, environ); });
}

CISTERN_EXPORT int execvpe(const char* file, char* const* arguments, char* const* environment) noexcept {
  return replace([=] { return g_real.execvpe(file, arguments, environment); });
}

CISTERN_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) noexcept {
  return replace([=] { return g_real.fexecve(fd, arguments, environment); });
}

CISTERN_EXPORT int execveat(int directory, const char* path, char* const* arguments, char* const* environment,
                            int flags) noexcept {
  return replace([=] {
    if (g_real.execveat != nullptr) return g_real.execveat(directory, path, arguments, environment, flags);
    const long result = raw_syscall(SYS_execveat, directory, reinterpret_cast<long>(path),
                                    reinterpret_cast<long>(arguments), reinterpret_cast<long>(environment), flags);
    errno = static_cast<int>(-result);
    return -1;
  });
}

#define CISTERN_COLLECT(name)                                                                    \
  va_list rest;                                                                                  \
  va_start(rest, first);                                                                         \
  const size_t name##_count = count_arguments(rest);                                             \
  va_end(rest);                                                                                  \
  auto** const name = static_cast<char**>(__builtin_alloca((name##_count + 1) * sizeof(char*))); \
  va_start(rest, first);                                                                         \
  collect_arguments(name, first, rest)

CISTERN_EXPORT int execl(const char* path, const char* first, ...) noexcept {
  CISTERN_COLLECT(arguments);
  va_end(rest);
  return replace([=] { return g_real.execve(path, arguments, environ); });
}

CISTERN_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
  CISTERN_COLLECT(arguments);
  va_end(rest);
  return replace([=] { return g_real.execvpe(file, arguments, environ); });
}

CISTERN_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  CISTERN_COLLECT(arguments);
  char* const* const environment = va_arg(rest, char* const*);
  va_end(rest);
  return replace([=] { return g_real.execve(path, arguments, environment); });
}
