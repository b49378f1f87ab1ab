#include "preload/base/recording_switch.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"

namespace cistern::preload {

constinit RecordingSwitch g_recording_switch{};

bool wipe_switch_on_fork() noexcept {
  const long result =
      raw_syscall(SYS_madvise, reinterpret_cast<long>(&g_recording_switch), sizeof g_recording_switch, MADV_WIPEONFORK);
  if (is_error(result)) return false;
  g_recording_switch.not_forked.store(1, std::memory_order_relaxed);
  return true;
}

}  // namespace cistern::preload
