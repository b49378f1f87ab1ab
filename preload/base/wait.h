// Waits for another thread without a futex: yields at first, then sleeps 100 µs at a time, and gives up after a bounded
// time. For cold paths. errno is left alone.
#pragma once

#include <sys/syscall.h>
#include <time.h>

#include <cstdint>

#include "preload/arch/arch.h"

namespace cistern::preload {

// Returns whether `done()` became true within about `limit_ms` milliseconds.
template <typename Done>
bool wait_until(Done done, uint32_t limit_ms) noexcept {
  constexpr uint32_t kYields = 1'000;
  for (uint32_t i = 0; i < kYields; ++i) {
    if (done()) return true;
    raw_syscall(SYS_sched_yield);
  }
  for (uint32_t i = 0; i < 10 * limit_ms; ++i) {
    if (done()) return true;
    const timespec pause{0, 100'000};
    raw_syscall(SYS_nanosleep, reinterpret_cast<long>(&pause), 0);
  }
  return false;
}

}  // namespace cistern::preload
