#include "analyzer/read/image_liveness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace cistern::analyzer {

namespace {

bool has_proc() {
  return access("/proc/self/stat", F_OK) == 0;
}

bool process_exists(uint32_t pid) {
  return kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH;
}

struct ProcessStat {
  std::string state;
  uint64_t start_ticks = 0;
};

std::optional<ProcessStat> read_stat(uint32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line, '\0')) return std::nullopt;
  // pid (name) state ppid …; the name may contain anything, even a newline or ") R 1".
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  ProcessStat stat;
  fields >> stat.state;
  constexpr int kFieldsBetween = 18;  // the state is field 3, the start is field 22
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  fields >> stat.start_ticks;
  if (!fields) return std::nullopt;
  return stat;
}

// Whether somebody holds the lock of an image on the file. Nothing where locks are not supported.
std::optional<bool> is_locked(int descriptor) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kImageLockByte;
  lock.l_len = 1;
  if (descriptor < 0 || fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return std::nullopt;
  return lock.l_type != F_UNLCK;
}

std::optional<bool> is_locked(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const auto locked = is_locked(descriptor);
  if (descriptor >= 0) close(descriptor);
  return locked;
}

}  // namespace

Liveness liveness_of(const std::string& profile, const ProfileHeader& header, int descriptor) {
  if (header.lock == ImageLock::kProfile) {
    const auto locked = descriptor >= 0 ? is_locked(descriptor) : is_locked(profile);
    if (locked) return *locked ? Liveness::kRuns : Liveness::kEnded;
  }
  if (!is_in_our_pid_namespace(header)) return Liveness::kUnknown;
  return process_lives(header.image.pid, header.image.start_ticks) ? Liveness::kRuns : Liveness::kEnded;
}

bool is_in_our_pid_namespace(const ProfileHeader& header) {
  struct stat ours {};
  return header.pid_namespace == 0 || stat("/proc/self/ns/pid", &ours) != 0 || ours.st_ino == header.pid_namespace;
}

uint64_t start_ticks_of(uint32_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->start_ticks : 0;
}

bool process_lives(uint32_t pid, uint64_t start_ticks) {
  if (start_ticks == 0 || !has_proc()) return process_exists(pid);
  const auto stat = read_stat(pid);
  return stat && stat->state != "Z" && stat->state != "X" && stat->start_ticks == start_ticks;
}

}  // namespace cistern::analyzer
