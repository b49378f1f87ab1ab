#include "analyzer/launch/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "analyzer/launch/environment.h"
#include "analyzer/launch/group_signals.h"
#include "analyzer/launch/run_failure.h"

namespace cistern::analyzer {
namespace {

sigset_t set_of(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

// Receives all signals by sigwaitinfo, not by handlers: no call is interrupted, nothing races. On Linux a blocked
// signal stays pending even if its disposition is to ignore it, also in process 1.
class SignalQueue {
 public:
  SignalQueue() {
    sigfillset(&all_);
    sigprocmask(SIG_BLOCK, &all_, &original_);
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
    while (sigwaitinfo(&all_, &info) < 0) {
    }
    return info;
  }
  std::optional<siginfo_t> take_pending() const { return take(all_); }
  bool take_pending(int signal) const { return take(set_of(signal)).has_value(); }
  bool has_pending() const {
    sigset_t pending;
    sigpending(&pending);
    return sigisemptyset(&pending) == 0;
  }

  // Restores mask and dispositions. The child needs nothing else: nothing else was changed.
  void restore() const {
    sigaction(SIGCHLD, &child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &original_, nullptr);
  }

  // Stops this process as the terminal would, and consumes the SIGCONT that continues it. Does nothing in an orphaned
  // process group, which nobody could continue. Returns whether there was a SIGCONT.
  bool stop_self() const {
    const sigset_t stop = set_of(SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stopped here
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    return take_pending(SIGCONT);
  }

 private:
  static std::optional<siginfo_t> take(const sigset_t& set) {
    siginfo_t info{};
    const timespec now{};
    if (sigtimedwait(&set, &info, &now) < 0) return std::nullopt;
    return info;
  }

  // A ^C that ended the program is pending here too: it has had its effect.
  void discard_pending() const {
    while (take_pending()) {
    }
  }

  sigset_t all_;
  sigset_t original_;
  struct sigaction child_action_ = {};
};

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw run_failure("pipe", errno);
  }
  ~Pipe() {
    close(ends_[0]);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  bool read_byte() const {
    char byte = 0;
    ssize_t got = 0;
    do {
      got = read(ends_[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1;
  }
  void write_byte() const {
    while (write(ends_[1], "", 1) < 0 && errno == EINTR) {
    }
  }

 private:
  int ends_[2];
};

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

// Waits for the child, and passes on what is sent to this process.
class Supervisor {
 public:
  Supervisor(const SignalQueue& signals, GroupSignals& group, pid_t child)
      : signals_(signals), group_(group), child_{child, 0} {}

  // Requires: the child still has all signals blocked. It gets what this process was sent until now, whether or not it
  // has it as a member of the group: a signal that is pending twice comes once. From now on the witness knows.
  void pass_on_early_signals() {
    do {
      while (const auto info = signals_.take_pending()) {
        if (info->si_signo != SIGCHLD) pass_on(*info);
      }
      group_.forget();
    } while (signals_.has_pending());
  }

  ChildEnd wait() {
    while (!child_has_ended()) {
      const siginfo_t info = signals_.wait();
      if (info.si_signo != SIGCHLD && is_for_child(info)) pass_on(info);
    }
    return child_;
  }

 private:
  // Handles state changes of all children: as process 1, or where an ancestor made us a subreaper, orphans too.
  bool child_has_ended() {
    for (;;) {
      int status = 0;
      const pid_t found = waitpid(-1, &status, WNOHANG | WUNTRACED);
      if (found < 0 && errno == EINTR) continue;
      if (found < 0 && errno != ECHILD) throw run_failure("waitpid", errno);
      if (found <= 0) return false;
      const bool stopped = WIFSTOPPED(status);
      if (found == child_.pid && stopped) follow_stop(status);
      if (found == group_.witness() && !stopped) group_.witness_has_ended();
      if (found != child_.pid || stopped) continue;
      child_.status = status;
      return true;
    }
  }

  // Stops with the child if the terminal stopped it. Not for SIGSTOP: its sender stopped the child alone and will
  // continue the child alone.
  void follow_stop(int status) {
    if (WSTOPSIG(status) == SIGSTOP) return;
    const bool continued = signals_.stop_self();
    if (!continued || is_for_child_alone(SIGCONT)) kill(child_.pid, SIGCONT);
  }

  bool was_sent_to_group(int signal) {
    if (!group_.has(signal)) return false;
    // The next one may have come after we took ours and before the witness took its: ours is pending, and the witness
    // has seen one. So what is pending now counts as the same signal, as if it had come a moment earlier.
    while (signal < SIGRTMIN && signals_.take_pending(signal)) group_.has(signal);
    return true;
  }

  // Whether the child has not got the signal as a member of our group. If we lead the group, then it is the program's
  // for whoever started us: it means the child also when the child has made a group of its own.
  bool is_for_child_alone(int signal) {
    if (!was_sent_to_group(signal)) return true;
    return getpgrp() == getpid() && getpgid(child_.pid) != getpgrp();
  }

  bool is_for_child(const siginfo_t& info) {
    const bool from_kernel = info.si_code > 0;
    if (!from_kernel && info.si_pid == getpid()) return false;  // a broken pipe of ours
    if (!is_for_child_alone(info.si_signo)) return false;
    // The kernel sends these to one process: the leader of a session whose terminal is gone; a timer that exec kept.
    const bool may_mean_child = info.si_signo == SIGHUP || info.si_signo == SIGCONT || info.si_signo == SIGALRM;
    return !from_kernel || may_mean_child;
  }

  void pass_on(const siginfo_t& info) const {
    if (info.si_code == SI_QUEUE) {
      sigqueue(child_.pid, info.si_signo, info.si_value);
    } else {
      kill(child_.pid, info.si_signo);
    }
  }

  const SignalQueue& signals_;
  GroupSignals& group_;
  ChildEnd child_;
};

// What the kernel does to all other processes when process 1 ends, done now: their profiles can be finished.
void end_all_if_process_1(GroupSignals& group) {
  if (getpid() != 1) return;
  kill(-1, SIGKILL);
  while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  group.witness_has_ended();
}

}  // namespace

ChildEnd run_child(const std::string& path, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment, const std::function<void()>& on_start) {
  const std::vector<char*> argument_list = pointers_to(arguments);
  const std::vector<char*> environment_list = pointers_to(environment);
  Pipe gate;    // the child begins when a byte comes
  Pipe report;  // of the child's execve
  const SignalQueue signals;
  GroupSignals group;
  const pid_t child = fork();
  if (child < 0) throw run_failure("fork", errno);
  if (child == 0) {
    gate.close_writer();
    if (!gate.read_byte()) _exit(static_cast<int>(kRunFailed));  // our parent was killed
    signals.restore();
    execute(path, const_cast<char**>(argument_list.data()), const_cast<char**>(environment_list.data()),
            report.writer());
  }
  Supervisor supervisor(signals, group, child);
  supervisor.pass_on_early_signals();
  gate.write_byte();
  report.close_writer();
  if (const int error = exec_error(report.reader()); error != 0) {
    waitpid(child, nullptr, 0);
    const ExitCode code = error == ENOENT ? kProgramNotFound : kCannotExecute;
    throw Failure(code, path + ": cannot be executed: " + error_text(error));
  }
  if (on_start) on_start();
  const ChildEnd end = supervisor.wait();
  end_all_if_process_1(group);
  return end;
}

int exit_code_of(int status) noexcept {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace cistern::analyzer
