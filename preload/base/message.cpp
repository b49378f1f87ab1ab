#include "preload/base/message.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "preload/arch/arch.h"
#include "preload/base/file_identity.h"
#include "preload/base/memory.h"
#include "preload/base/text.h"

namespace cistern::preload {
namespace {

constexpr long kStderr = 2;
constexpr size_t kLineBytes = 2048;  // half of it for WHERE, so that WHY is never cut
using SignalSet = uint64_t;          // the kernel's sigset_t

constinit FileIdentity g_stderr;

constexpr SignalSet bit_of_signal(int number) noexcept {
  return SignalSet{1} << (number - 1);
}

bool is_pending(SignalSet signals) noexcept {
  SignalSet pending = 0;
  raw_syscall(SYS_rt_sigpending, reinterpret_cast<long>(&pending), sizeof pending);
  return (pending & signals) != 0;
}

void discard_pending(SignalSet signals) noexcept {
  const timespec at_once{};
  raw_syscall(SYS_rt_sigtimedwait, reinterpret_cast<long>(&signals), 0, reinterpret_cast<long>(&at_once),
              sizeof signals);
}

// Blocks the signals that a write may raise: SIGPIPE and SIGXFSZ would kill, SIGTTOU would stop a background process.
// A signal that the write raised is discarded before the old mask is restored.
class QuietWrites {
 public:
  QuietWrites() noexcept {
    raw_syscall(SYS_rt_sigprocmask, SIG_BLOCK, reinterpret_cast<long>(&kRaised), reinterpret_cast<long>(&old_),
                sizeof old_);
    had_pending_ = is_pending(kFatal);
  }
  ~QuietWrites() {
    if (!had_pending_ && is_pending(kFatal)) discard_pending(kFatal);
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&old_), 0, sizeof old_);
  }
  QuietWrites(const QuietWrites&) = delete;
  QuietWrites& operator=(const QuietWrites&) = delete;

 private:
  static constexpr SignalSet kFatal = bit_of_signal(SIGPIPE) | bit_of_signal(SIGXFSZ);
  static constexpr SignalSet kRaised = kFatal | bit_of_signal(SIGTTOU);
  SignalSet old_ = 0;
  bool had_pending_ = false;
};

// Whether a line can be written without waiting: a pipe that polls as writable has space for a page.
bool can_write_line() noexcept {
  pollfd stderr_now{kStderr, POLLOUT, 0};
  const timespec at_once{};
  const long ready =
      raw_syscall(SYS_ppoll, reinterpret_cast<long>(&stderr_now), 1, reinterpret_cast<long>(&at_once), 0, 0);
  return ready == 1 && stderr_now.revents == POLLOUT;
}

// Replaces control characters, which a path may contain: the message must stay one line.
void add_printable(Text<kLineBytes>& line, std::string_view text) noexcept {
  for (const char& c : text)
    line.add(static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? "?" : std::string_view(&c, 1));
}

}  // namespace

void remember_stderr() noexcept {
  g_stderr = status_of(kStderr).identity;
}

void print_once(std::string_view what, std::string_view where, std::string_view why) noexcept {
  static std::atomic<bool> printed{false};
  if (printed.exchange(true, std::memory_order_relaxed)) return;
  if (!g_stderr.known() || status_of(kStderr).identity != g_stderr || !can_write_line()) return;
  const ScratchObject<Text<kLineBytes>> line;
  if (!line) return;
  line->add("cistern: ");
  add_printable(*line, what);
  if (!where.empty()) add_printable(line->add(": "), where.substr(0, kLineBytes / 2));
  if (where.size() > kLineBytes / 2) line->add("…");
  if (!why.empty()) add_printable(line->add(": "), why);
  line->add("\n");
  const QuietWrites quiet;
  raw_syscall(SYS_write, kStderr, reinterpret_cast<long>(line->c_str()), static_cast<long>(line->size()));
}

}  // namespace cistern::preload
