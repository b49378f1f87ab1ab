// The program that `cistern run` runs. Its process group, terminal, descriptors, signal mask and dispositions are the
// same as without `cistern run`. While it runs,
//   - signals to the whole group (of the terminal: ^C, ^\, ^Z, a new size; of kill(2)) reach the program, we ignore
//   them;
//   - signals to us alone (kill, a supervisor's SIGTERM) are forwarded to the program;
//   - when the terminal stops the program, we stop too, so that the shell gets the terminal back, and continue with it.
// So the program gets each signal once. Who signals every process one by one (systemd, for a whole service) reaches the
// program twice. As process 1 we reap orphans, and end all other processes when the program has ended.
// One child at a time, from a process with one thread. Errors: Failure.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace cistern::analyzer {

struct ChildEnd {
  pid_t pid = 0;
  int status = 0;  // from waitpid(2), after the process ended
};

// Runs `path` with `arguments` (the program's name first) and `environment` (name=value) until it ends. Calls
// `on_start` when it runs: `on_start` may start threads.
// Errors: Failure when it cannot be executed: exit code 127 when `path` or its interpreter does not exist, else 126.
ChildEnd run_child(const std::string& path, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment, const std::function<void()>& on_start = {});

// The exit code that a shell reports for a wait status: the exit status, or 128 + the signal number.
int exit_code_of(int status) noexcept;

}  // namespace cistern::analyzer
