#include "analyzer/launch/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "analyzer/launch/run_failure.h"

namespace cistern::analyzer {
namespace {

constexpr int kForwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2, SIGALRM,
                              SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGCHLD};

// Receives the signals in kForwarded by sigwaitinfo, not by handlers: no call is interrupted, nothing races. On Linux a
// blocked signal stays pending even if its disposition is to ignore it.
class SignalQueue {
 public:
  SignalQueue() {
    sigemptyset(&forwarded_);
    for (int number : kForwarded) sigaddset(&forwarded_, number);
    sigprocmask(SIG_BLOCK, &forwarded_, &original_);
    // If SIGCHLD is ignored, the kernel reaps the child before we can read its status.
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
    while (sigwaitinfo(&forwarded_, &info) < 0) {
    }
    return info;
  }

  // Restores mask and dispositions. The child needs nothing else: nothing else was changed.
  void restore() const {
    sigaction(SIGCHLD, &child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &original_, nullptr);
  }

  // Stops this process as the terminal would, and consumes the SIGCONT that continues it. Does nothing in an orphaned
  // process group, which nobody could continue.
  void stop_self() const {
    const sigset_t stop = set_of(SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stopped here
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    const sigset_t continued = set_of(SIGCONT);
    const timespec now{};
    sigtimedwait(&continued, nullptr, &now);
  }

 private:
  static sigset_t set_of(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
  }

  // A ^C that ended the program is pending here too: it has had its effect.
  void discard_pending() const {
    const timespec now{};
    while (sigtimedwait(&forwarded_, nullptr, &now) > 0) {
    }
  }

  sigset_t forwarded_;
  sigset_t original_;
  struct sigaction child_action_ = {};
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Executes the program in the child; writes errno to the pipe `report` if that fails.
[[noreturn]] void execute(const std::string& path, char** arguments, char** environment, int report) {
  execve(path.c_str(), arguments, environment);
  const int error = errno;
  while (write(report, &error, sizeof error) < 0 && errno == EINTR) {
  }
  _exit(static_cast<int>(kCannotExecute));
}

// Returns errno of the child's execve, 0 when it succeeded: execve then closed the pipe.
int exec_error(int report) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(report, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

// Stops with the child if the terminal stopped it. Not for SIGSTOP: its sender stopped the child alone and will
// continue the child alone.
void follow_stop(const SignalQueue& signals, pid_t child, int status) {
  if (WSTOPSIG(status) == SIGSTOP) return;
  signals.stop_self();
  kill(child, SIGCONT);
}

// Handles state changes of the child. Returns true when it has ended.
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

// Whether a process sent the signal, not the kernel for a terminal.
bool sent_by_process(const siginfo_t& info) {
  return info.si_code <= 0;
}

void wait_for(const SignalQueue& signals, ChildEnd& child) {
  for (;;) {
    const siginfo_t info = signals.wait();
    if (info.si_signo == SIGCHLD) {
      if (child_ended(signals, child)) return;
    } else if (sent_by_process(info)) {
      kill(child.pid, info.si_signo);
    }
  }
}

}  // namespace

ChildEnd run_child(const std::string& path, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment, const std::function<void()>& on_start) {
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
    execute(path, const_cast<char**>(argument_list.data()), const_cast<char**>(environment_list.data()), report[1]);
  }
  close(report[1]);
  const int error = exec_error(report[0]);
  close(report[0]);
  if (error != 0) {
    waitpid(child.pid, nullptr, 0);
    const ExitCode code = error == ENOENT ? kProgramNotFound : kCannotExecute;
    throw Failure(code, path + ": cannot be executed: " + error_text(error));
  }
  if (on_start) on_start();
  wait_for(signals, child);
  return child;
}

int exit_code_of(int status) noexcept {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace cistern::analyzer
