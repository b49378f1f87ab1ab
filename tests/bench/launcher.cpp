// Runs a program and writes its costs to a file: a line of JSON. It is small and statically linked for two reasons: no
// preloaded library adds to its cost, and a program's peak memory includes that of the process that started it.
//
//   launcher FILE PROGRAM ARGUMENTS...     exits as the program did; 128+N when signal N ended it, 127 when it did not
//   start
//
// The costs include all descendants that the program waited for; the peak is the greatest of all these processes.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>

namespace {

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool write_costs(const char* path, double wall_s, const rusage& usage, int code) {
  std::FILE* file = std::fopen(path, "we");
  if (file == nullptr) return false;
  const bool printed =
      std::fprintf(file,
                   R"({"wall_s":%.6f,"user_s":%.6f,"system_s":%.6f,"peak_bytes":%ld,"code":%d})"
                   "\n",
                   wall_s, seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss * 1024, code) > 0;
  return std::fclose(file) == 0 && printed;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: launcher FILE PROGRAM ARGUMENTS...\n", stderr);
    return 2;
  }
  const std::int64_t begin_ns = now_ns();
  const pid_t child = fork();
  if (child < 0) return 126;
  if (child == 0) {
    execvp(arguments[2], arguments + 2);
    std::perror(arguments[2]);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0) {
  }
  const double wall_s = static_cast<double>(now_ns() - begin_ns) * 1e-9;
  if (!write_costs(arguments[1], wall_s, usage, exit_code(status))) {
    std::perror(arguments[1]);
    return 126;
  }
  return exit_code(status);
}
