#include "analyzer/write/process_liveness.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
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

}  // namespace

bool process_lives(uint32_t pid, uint64_t start_ticks) {
  if (start_ticks == 0 || !has_proc()) return process_exists(pid);
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line, '\0')) return false;
  // pid (name) state ppid …; the name may contain anything, even a newline or ") R 1".
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(line.substr(name_end + 1));
  std::string state;
  fields >> state;
  constexpr int kFieldsBetween = 18;  // the state is field 3, the start is field 22
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  uint64_t ticks = 0;
  fields >> ticks;
  return fields && state != "Z" && state != "X" && ticks == start_ticks;
}

}  // namespace cistern::analyzer
