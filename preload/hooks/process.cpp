// The hooks of calls that make, replace and end a process. Calls that libc makes itself (in exit, system, popen,
// daemon, forkpty) do not pass through hooks: the library's destructor handles exit, and a child of vfork(), which
// shares its parent's memory, is not recorded.
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/arch/arch.h"
#include "preload/base/real.h"
#include "preload/hooks/interpose.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/children.h"
#include "preload/recorder/exec.h"
#include "preload/recorder/finish.h"
#include "preload/recorder/fork.h"
#include "preload/recorder/start.h"

using namespace cistern;
using namespace cistern::preload;

namespace {

[[noreturn]] void end_now(int code) noexcept {
  for (;;) raw_syscall(SYS_exit_group, code);
}

// Calls `start` with `environment`, or with a copy in which Cistern's variables are corrected. Also in vfork children.
template <typename Start>
int with_environment(char* const* environment, Start start) noexcept {
  resolve_real_functions();
  const size_t bytes = child_environment_bytes(environment);
  return start(bytes == 0 ? environment : child_environment(environment, __builtin_alloca(bytes)));
}

template <typename Exec>
int replace_process(const char* path, char* const* arguments, char* const* environment, Exec exec) noexcept {
  return with_environment(environment, [=](char* const* given) {
    note_exec(path, arguments, given);
    exec_begins();
    const int result = exec(given);
    const int error = errno;
    exec_failed();
    note_failed_exec();
    errno = error;
    return result;
  });
}

// Called after a fork, in both processes. `libc_locks_free`: libc has freed its own locks in the child.
pid_t after_fork(pid_t child, bool libc_locks_free) noexcept {
  const int error = errno;
  child == 0 ? fork_in_child(libc_locks_free) : fork_in_parent(child);
  errno = error;
  return child;
}

// Copies the arguments of execl, execlp and execle to an array on the caller's stack.
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

// Recording starts before main(), even if nothing is allocated before it. The destructor sees the end by exit().
__attribute__((constructor)) static void begin() {
  start_process(kHookCallbacks);
}

__attribute__((destructor)) static void end() {
  finish_image(EndKind::kExit, -1);
}

CISTERN_EXPORT pid_t fork() noexcept {
  resolve_real_functions();
  fork_begins(__builtin_return_address(0));
  return after_fork(g_real.fork(), true);
}

// Does not free libc's locks in the child.
CISTERN_EXPORT pid_t _Fork() noexcept {
  resolve_real_functions();
  if (g_real._Fork == nullptr) {
    errno = ENOSYS;
    return -1;
  }
  return after_fork(g_real._Fork(), false);
}

CISTERN_EXPORT int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                               const posix_spawnattr_t* attributes, char* const* arguments,
                               char* const* environment) noexcept {
  return with_environment(environment, [=](char* const* given) {
    pid_t pid = 0;
    const int result = g_real.posix_spawn(&pid, path, actions, attributes, arguments, given);
    if (result == 0 && child != nullptr) *child = pid;
    if (result == 0) note_spawn(static_cast<uint32_t>(pid), path, arguments, given);
    return result;
  });
}

CISTERN_EXPORT int posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                                const posix_spawnattr_t* attributes, char* const* arguments,
                                char* const* environment) noexcept {
  return with_environment(environment, [=](char* const* given) {
    pid_t pid = 0;
    const int result = g_real.posix_spawnp(&pid, file, actions, attributes, arguments, given);
    if (result == 0 && child != nullptr) *child = pid;
    if (result == 0) note_spawn(static_cast<uint32_t>(pid), file, arguments, given);
    return result;
  });
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
  return replace_process(path, arguments, environment,
                         [=](char* const* given) { return g_real.execve(path, arguments, given); });
}

CISTERN_EXPORT int execv(const char* path, char* const* arguments) noexcept {
  return replace_process(path, arguments, environ,
                         [=](char* const* given) { return g_real.execve(path, arguments, given); });
}

CISTERN_EXPORT int execvp(const char* file, char* const* arguments) noexcept {
  return replace_process(file, arguments, environ,
                         [=](char* const* given) { return g_real.execvpe(file, arguments, given); });
}

CISTERN_EXPORT int execvpe(const char* file, char* const* arguments, char* const* environment) noexcept {
  return replace_process(file, arguments, environment,
                         [=](char* const* given) { return g_real.execvpe(file, arguments, given); });
}

CISTERN_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) noexcept {
  return replace_process(nullptr, arguments, environment,
                         [=](char* const* given) { return g_real.fexecve(fd, arguments, given); });
}

CISTERN_EXPORT int execveat(int directory, const char* path, char* const* arguments, char* const* environment,
                            int flags) noexcept {
  return replace_process(path, arguments, environment, [=](char* const* given) {
    if (g_real.execveat != nullptr) return g_real.execveat(directory, path, arguments, given, flags);
    const long result = raw_syscall(SYS_execveat, directory, reinterpret_cast<long>(path),
                                    reinterpret_cast<long>(arguments), reinterpret_cast<long>(given), flags);
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
  return replace_process(path, arguments, environ,
                         [=](char* const* given) { return g_real.execve(path, arguments, given); });
}

CISTERN_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
  CISTERN_COLLECT(arguments);
  va_end(rest);
  return replace_process(file, arguments, environ,
                         [=](char* const* given) { return g_real.execvpe(file, arguments, given); });
}

CISTERN_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  CISTERN_COLLECT(arguments);
  char* const* const environment = va_arg(rest, char* const*);
  va_end(rest);
  return replace_process(path, arguments, environment,
                         [=](char* const* given) { return g_real.execve(path, arguments, given); });
}
