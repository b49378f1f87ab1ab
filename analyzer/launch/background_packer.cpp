#include "analyzer/launch/background_packer.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "analyzer/launch/environment.h"
#include "analyzer/launch/run_failure.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

std::vector<std::string> command_of(const DrainRequest& request) {
  std::vector<std::string> command{"cistern", "drain"};
  if (request.process) command.insert(command.end(), {"--while", text_of(*request.process)});
  if (request.ring == RingMode::kSnapshot) command.emplace_back("--snapshot");
  if (!request.symbols) command.emplace_back("--no-symbols");
  command.push_back(request.profile);
  return command;
}

// Nothing that others wait for stays open: no listening socket, no pipe to a reader of logs.
void close_all_descriptors() {
  if (syscall(SYS_close_range, 0U, ~0U, 0U) != 0) {  // before Linux 5.9
    const long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < limit; ++fd) close(fd);
  }
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) open("/dev/null", O_RDWR);
}

// A service manager that signals every process of the service means the program; the packer ends after it.
void ignore_signals() {
  for (const int signal_number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU, SIGTSTP}) {
    signal(signal_number, SIG_IGN);
  }
  signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// When memory is short the packer is killed first: it loses nothing.
void offer_to_be_killed() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (file < 0) return;
  constexpr char kFirst[] = "1000";
  [[maybe_unused]] const ssize_t written = write(file, kFirst, std::strlen(kFirst));
  close(file);
}

[[noreturn]] void be_packer(char** arguments, char** environment) {
  close_all_descriptors();
  ignore_signals();
  offer_to_be_killed();
  setpriority(PRIO_PROCESS, 0, 5);
  if (chdir("/") != 0) _exit(1);
  execve(kThisProgram, arguments, environment);
  _exit(1);
}

// fork() without a signal to the parent at the end: a SIGCHLD would stay pending in the program.
pid_t fork_without_signal() {
  return static_cast<pid_t>(syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L));
}

}  // namespace

void start_background_packer(const DrainRequest& request) {
  const std::vector<std::string> command = command_of(request);
  const std::vector<std::string> environment =
      environment_with({{kPreloadVariable, ""}, {kOptionsVariable, ""}, {kRunVariable, ""}});
  const std::vector<char*> arguments = pointers_to(command);
  const std::vector<char*> variables = pointers_to(environment);
  const pid_t between = fork_without_signal();
  if (between < 0) throw run_failure("packer", errno);
  if (between == 0) {
    setsid();
    const pid_t packer = fork();
    if (packer == 0) be_packer(const_cast<char**>(arguments.data()), const_cast<char**>(variables.data()));
    _exit(packer < 0 ? errno : 0);
  }
  int status = 0;
  while (waitpid(between, &status, __WALL) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) throw run_failure("packer", WEXITSTATUS(status));
}

}  // namespace cistern::analyzer
