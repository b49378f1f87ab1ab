// The recording switch: one word that every hook reads, which says which domains are recorded now. Any thread; reading
// it costs one load.
//
// The word lies in a page that the kernel wipes in a forked child (MADV_WIPEONFORK, Linux 4.14). So a child of fork(),
// _Fork() or a raw clone() reads 0 and takes the slow path before it uses anything that belongs to its parent. A child
// of vfork() shares the page unwiped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cistern/format/domain.h"
#include "preload/arch/arch.h"

namespace cistern::preload {

// Set once this process has decided what it records. While it is not set, hooks take the slow path.
constexpr uint32_t kDecided = 1u << 31;

struct alignas(kPageBytes) RecordingSwitch {
  // DomainMask | kDecided. Hooks load it with acquire, which pairs with switch_recording_on(): a hook that reads a
  // domain's bit sees everything that recording needs. A hook may see a change one call late.
  std::atomic<uint32_t> mask;
  std::atomic<uint32_t> not_forked;  // 1 in the process that called wipe_switch_on_fork(), and in its vfork children
  char rest[kPageBytes - 2 * sizeof(std::atomic<uint32_t>)];
};
extern RecordingSwitch g_recording_switch;

// Asks the kernel to wipe the switch in forked children. Returns false where the kernel cannot do that.
bool wipe_switch_on_fork() noexcept;

}  // namespace cistern::preload
