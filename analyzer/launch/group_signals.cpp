#include "analyzer/launch/group_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

namespace cistern::analyzer {
namespace {

// A witness that somebody stopped with SIGSTOP does not answer.
constexpr int kAnswerTimeMs = 1000;

// The witness holds nothing that others wait for: no pipe, lock or socket of whoever started us.
void close_all_but(int kept) {
  if (kept > 0) syscall(SYS_close_range, 0U, static_cast<unsigned>(kept) - 1, 0U);
  if (syscall(SYS_close_range, static_cast<unsigned>(kept) + 1, ~0U, 0U) == 0) return;
  const long limit = sysconf(_SC_OPEN_MAX);  // before Linux 5.9
  for (int fd = 0; fd < limit; ++fd) {
    if (fd != kept) close(fd);
  }
}

constexpr uint8_t kAllSignals = 0;  // as a question

bool take_pending(int signal) {
  sigset_t set;
  sigfillset(&set);
  if (signal != kAllSignals) {
    sigemptyset(&set);
    sigaddset(&set, signal);
  }
  const timespec now{};
  return sigtimedwait(&set, nullptr, &now) > 0;
}

// The witness: answers each signal number with whether the signal is pending here, and takes it. Ends with the other
// end of the channel.
[[noreturn]] void be_witness(int channel) {
  close_all_but(channel);
  for (uint8_t question = 0; read(channel, &question, 1) == 1;) {
    const uint8_t found = take_pending(question) ? 1 : 0;
    while (question == kAllSignals && take_pending(kAllSignals)) {
    }
    if (send(channel, &found, 1, MSG_NOSIGNAL) != 1) break;
  }
  _exit(0);
}

}  // namespace

GroupSignals::GroupSignals() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  sigset_t all;
  sigset_t original;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &original);  // the witness begins with all signals blocked
  witness_ = fork();
  if (witness_ == 0) {
    const int channel = fcntl(ends[1], F_DUPFD, 3);
    be_witness(channel >= 0 ? channel : ends[1]);
  }
  sigprocmask(SIG_SETMASK, &original, nullptr);
  close(ends[1]);
  channel_ = ends[0];
  if (witness_ < 0) witness_has_ended();
}

GroupSignals::~GroupSignals() {
  if (witness_ > 0) {
    kill(witness_, SIGKILL);
    waitpid(witness_, nullptr, 0);
  }
  witness_has_ended();
}

void GroupSignals::witness_has_ended() noexcept {
  witness_ = -1;
  if (channel_ >= 0) close(channel_);
  channel_ = -1;
}

GroupSignals::Answer GroupSignals::answer() const {
  pollfd readable{channel_, POLLIN, 0};
  uint8_t found = 0;
  if (poll(&readable, 1, kAnswerTimeMs) <= 0 || read(channel_, &found, 1) != 1) return Answer::kNone;
  return found != 0 ? Answer::kYes : Answer::kNo;
}

GroupSignals::Answer GroupSignals::ask(int signal) {
  if (witness_ < 0) return Answer::kNone;
  // Changes nothing, but takes the lock under which the kernel signals a group: afterwards every member has the signal.
  setpgid(witness_, getpgrp());
  const auto question = static_cast<uint8_t>(signal);
  if (send(channel_, &question, 1, MSG_NOSIGNAL) != 1) return Answer::kNone;
  const Answer first = answer();
  if (first != Answer::kNone) return first;
  kill(witness_, SIGCONT);
  return answer();
}

bool GroupSignals::has(int signal) {
  return ask(signal) == Answer::kYes;
}

void GroupSignals::forget() {
  ask(kAllSignals);
}

}  // namespace cistern::analyzer
