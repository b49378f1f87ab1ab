#include "preload/base/thread_context.h"

#include <signal.h>
#include <sys/syscall.h>

namespace cistern::preload {

thread_local constinit ThreadContext t_context{};

bool on_alternate_stack() noexcept {
  stack_t alternate{};
  raw_syscall(SYS_sigaltstack, 0, reinterpret_cast<long>(&alternate));
  return (alternate.ss_flags & SS_ONSTACK) != 0;
}

}  // namespace cistern::preload
