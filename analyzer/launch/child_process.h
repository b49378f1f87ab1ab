// The program under `cistern run`. It is as if run were not there: same process group, terminal, descriptors, signal
// mask and dispositions. While it runs,
//   - what the terminal sends to the whole group (^C, ^\, ^Z, a new size) reaches it without us and leaves us alone;
//   - what somebody sends to us alone (kill, a supervisor's SIGTERM) is sent on to it;
//   - when it stops for the terminal, we stop too, so that the shell takes the terminal back, and go on with it.
// A signal sent to the whole group by kill(2) reaches it twice: who sent it to whom cannot be told.
// One child at a time, from a process with one thread. Errors: Failure.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace cistern::analyzer {

struct ChildEnd {
  pid_t pid = 0;
  int status = 0;  // as from waitpid(2), of a process that ended
};

// Runs `path` with `arguments` (the program's name first) and `environment` (name=value), until it ended.
// `meanwhile` is called when it runs: it may start threads.
// Errors: Failure, exit code 126, or 127 when `path` or its interpreter is gone, when it could not be executed.
ChildEnd run_child(const std::string& path, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment, const std::function<void()>& meanwhile = {});

// What a shell would report: the exit status, or 128 + the number of the signal.
int exit_code_of(int status) noexcept;

}  // namespace cistern::analyzer
