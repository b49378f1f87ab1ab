#include "preload/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/arch/arch.h"
#include "preload/base/text.h"

namespace cistern::preload {
namespace {

// Field 22 of a stat line; the second field may contain spaces and parentheses.
uint64_t start_ticks_in(std::string_view stat) noexcept {
  const size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return 0;
  stat.remove_prefix(close + 1);
  for (int field = 2; field < 22; ++field) {
    const size_t space = stat.find(' ');
    if (space == std::string_view::npos) return 0;
    stat.remove_prefix(space + 1);
  }
  return take_number(stat);
}

}  // namespace

std::string_view read_file(const char* path, char* buffer, size_t size) noexcept {
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path), O_RDONLY | O_CLOEXEC);
  if (is_error(fd)) return {};
  size_t total = 0;
  while (total < size) {
    const long got = raw_syscall(SYS_read, fd, reinterpret_cast<long>(buffer + total), static_cast<long>(size - total));
    if (got == -EINTR) continue;
    if (got <= 0) break;
    total += static_cast<size_t>(got);
  }
  raw_syscall(SYS_close, fd);
  return {buffer, total};
}

MemoryUse memory_use() noexcept {
  char buffer[128];
  std::string_view text = read_file("/proc/self/statm", buffer, sizeof buffer);
  const auto field = [&text]() {
    const uint64_t pages = take_number(text);
    if (!text.empty()) text.remove_prefix(1);
    return pages * kPageBytes;
  };
  MemoryUse use;
  use.virtual_bytes = field();
  use.resident_bytes = field();
  use.shared_bytes = field();
  return use;
}

uint64_t peak_resident_bytes() noexcept {
  constexpr std::string_view kField = "\nVmHWM:";
  char buffer[2048];
  std::string_view text = read_file("/proc/self/status", buffer, sizeof buffer);
  const size_t at = text.find(kField);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + kField.size());
  text.remove_prefix(text.find_first_not_of(" \t") == std::string_view::npos ? 0 : text.find_first_not_of(" \t"));
  return take_number(text) * 1024;
}

std::string_view executed_name() noexcept {
  const auto* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return name == nullptr ? std::string_view{} : std::string_view(name);
}

std::string_view working_directory(char* buffer, size_t size) noexcept {
  const long got = raw_syscall(SYS_getcwd, reinterpret_cast<long>(buffer), static_cast<long>(size));
  if (is_error(got) || got < 2 || buffer[0] != '/') return {};
  return {buffer, static_cast<size_t>(got) - 1};
}

uint64_t pid_namespace() noexcept {
  struct stat status {};
  const long result = raw_syscall(SYS_newfstatat, AT_FDCWD, reinterpret_cast<long>("/proc/self/ns/pid"),
                                  reinterpret_cast<long>(&status), 0);
  return is_error(result) ? 0 : status.st_ino;
}

uint32_t process_id() noexcept {
  return static_cast<uint32_t>(raw_syscall(SYS_getpid));
}

uint32_t thread_id() noexcept {
  return static_cast<uint32_t>(raw_syscall(SYS_gettid));
}

uint64_t process_start_ticks() noexcept {
  char buffer[1024];
  return start_ticks_in(read_file("/proc/self/stat", buffer, sizeof buffer));
}

uint64_t thread_start_ticks(uint32_t tid) noexcept {
  Text<64> path;
  path.add("/proc/self/task/").add(uint64_t{tid}).add("/stat");
  char buffer[1024];
  return start_ticks_in(read_file(path.c_str(), buffer, sizeof buffer));
}

bool thread_exists(uint32_t tid) noexcept {
  return raw_syscall(SYS_tgkill, process_id(), tid, 0) != -ESRCH;
}

std::string_view thread_name(uint32_t tid, char (&buffer)[kThreadNameBytes]) noexcept {
  Text<64> path;
  path.add("/proc/self/task/").add(uint64_t{tid}).add("/comm");
  std::string_view name = read_file(path.c_str(), buffer, sizeof buffer);
  if (!name.empty() && name.back() == '\n') name.remove_suffix(1);
  return name;
}

}  // namespace cistern::preload
