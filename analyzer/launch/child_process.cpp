#include "analyzer/launch/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "analyzer/write/run_failure.h"

namespace cistern::analyzer {
namespace {

constexpr int kTaken[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2, SIGALRM,
                          SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGCHLD};

// Takes the signals in kTaken by sigwaitinfo instead of by handlers, so nothing is interrupted and nothing races. On
// Linux a blocked signal stays pending even where its disposition is to be ignored.
class SignalQueue {
 public:
  SignalQueue() {
    sigemptyset(&taken_);
    for (int number : kTaken) sigaddset(&taken_, number);
    sigprocmask(SIG_BLOCK, &taken_, &original_);
    // An inherited "ignore" would reap the child before we could ask for its status.
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &standard, &child_action_);
  }
  ~SignalQueue() {
    discard_pending();
    restore();
  }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  siginfo_t wait() const {
    siginfo_t info{};
    while (sigwaitinfo(&taken_, &info) < 0) {
    }
    return info;
  }

  // Makes mask and dispositions what they were. In the child this is all there is to do: nothing else was changed.
  void restore() const {
    sigaction(SIGCHLD, &child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &original_, nullptr);
  }

  // Stops this process as the terminal would have, and takes the SIGCONT that ends it. Does nothing in a process group
  // that nobody could continue.
  void stop_self() const {
    const sigset_t stop = set_of(SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stopped here
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    const sigset_t go_on = set_of(SIGCONT);
    const timespec now{};
    sigtimedwait(&go_on, nullptr, &now);
  }

 private:
  static sigset_t set_of(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
  }

  // ^C that ended the program waits for us too: it has had its effect.
  void discard_pending() const {
    const timespec now{};
    while (sigtimedwait(&taken_, nullptr, &now) > 0) {
    }
  }

  sigset_t taken_;
  sigset_t original_;
  struct sigaction child_action_ = {};
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Replaces the child by the program; sends errno through `report` when that fails.
[[noreturn]] void become(const std::string& path, char** arguments, char** environment, int report) {
  execve(path.c_str(), arguments, environment);
  const int error = errno;
  while (write(report, &error, sizeof error) < 0 && errno == EINTR) {
  }
  _exit(static_cast<int>(kCannotExecute));
}

// Returns errno of the child's execve, 0 when it succeeded: then the pipe, which is close-on-exec, is at its end.
int exec_error(int report) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(report, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

// Follows the child into a stop that the terminal caused. A SIGSTOP is somebody else's business: who stopped the child
// alone will continue it alone, and would wait for us in vain.
void follow_stop(const SignalQueue& signals, pid_t child, int status) {
  if (WSTOPSIG(status) == SIGSTOP) return;
  signals.stop_self();
  kill(child, SIGCONT);
}

// Reaps what there is to reap. Returns true when the child ended.
bool child_ended(const SignalQueue& signals, ChildEnd& child) {
  int status = 0;
  for (;;) {
    const pid_t found = waitpid(child.pid, &status, WNOHANG | WUNTRACED);
    if (found < 0 && errno == EINTR) continue;
    if (found < 0) throw run_failure("waitpid", errno);
    if (found == 0) return false;
    if (!WIFSTOPPED(status)) break;
    follow_stop(signals, child.pid, status);
  }
  child.status = status;
  return true;
}

// Sent by a process rather than by the kernel for a terminal.
bool sent_to_us(const siginfo_t& info) {
  return info.si_code <= 0;
}

void wait_for(const SignalQueue& signals, ChildEnd& child) {
  for (;;) {
    const siginfo_t info = signals.wait();
    if (info.si_signo == SIGCHLD) {
      if (child_ended(signals, child)) return;
    } else if (sent_to_us(info)) {
      kill(child.pid, info.si_signo);
    }
  }
}

}  // namespace

ChildEnd run_child(const std::string& path, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment, const std::function<void()>& meanwhile) {
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> environment_list = pointers(environment);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) throw run_failure("pipe", errno);
  const SignalQueue signals;
  ChildEnd child;
  child.pid = fork();
  if (child.pid < 0) throw run_failure("fork", errno);
  if (child.pid == 0) {
    signals.restore();
    become(path, const_cast<char**>(argument_list.data()), const_cast<char**>(environment_list.data()), report[1]);
  }
  close(report[1]);
  const int error = exec_error(report[0]);
  close(report[0]);
  if (error != 0) {
    waitpid(child.pid, nullptr, 0);
    const ExitCode code = error == ENOENT ? kProgramNotFound : kCannotExecute;
    throw Failure(code, path + ": cannot be executed: " + std::strerror(error));
  }
  if (meanwhile) meanwhile();
  wait_for(signals, child);
  return child;
}

int exit_code_of(int status) noexcept {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace cistern::analyzer
