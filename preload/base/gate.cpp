#include "preload/base/gate.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/base/arch.h"

namespace cistern::preload {

constinit Gate g_gate{};
thread_local constinit ThreadGate t_gate{};

bool arm_gate() noexcept {
  return !is_error(raw_syscall(SYS_madvise, reinterpret_cast<long>(&g_gate), sizeof g_gate, MADV_WIPEONFORK));
}

}  // namespace cistern::preload
