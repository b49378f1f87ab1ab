#include "preload/base/recording_switch.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"

namespace cistern::preload {

constinit Gate g_gate{};
thread_local constinit ThreadGate t_gate{};

bool arm_gate() noexcept {
  if (is_error(raw_syscall(SYS_madvise, reinterpret_cast<long>(&g_gate), sizeof g_gate, MADV_WIPEONFORK))) return false;
  g_gate.home.store(1, std::memory_order_relaxed);
  return true;
}

}  // namespace cistern::preload
