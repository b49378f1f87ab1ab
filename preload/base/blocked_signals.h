// While it exists, no signal handler of the program runs in this thread, so that none jumps out of a section that takes
// long and must be finished (siglongjmp). Signals that the section itself may raise by a fault are not blocked: the
// kernel would end the process. Two system calls; for cold paths.
#pragma once

#include <signal.h>
#include <sys/syscall.h>

#include <cstdint>

#include "preload/arch/arch.h"

namespace cistern::preload {

class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    raw_syscall(SYS_rt_sigprocmask, SIG_BLOCK, reinterpret_cast<long>(&kBlocked), reinterpret_cast<long>(&before_),
                sizeof before_);
  }
  ~BlockedSignals() {
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&before_), 0, sizeof before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  using Set = uint64_t;  // the kernel's sigset_t
  static constexpr Set kOne = 1;
  static constexpr Set kBlocked =
      ~(kOne << (SIGSEGV - 1) | kOne << (SIGBUS - 1) | kOne << (SIGILL - 1) | kOne << (SIGFPE - 1) |
        kOne << (SIGTRAP - 1) | kOne << (SIGABRT - 1) | kOne << (SIGSYS - 1));
  Set before_ = 0;
};

}  // namespace cistern::preload
