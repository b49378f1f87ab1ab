// The clock of all events of an image. Any thread. now() costs one rdtsc (10 ns in a virtual machine) or, where the
// kernel does not trust the cycle counter, one clock_gettime.
#pragma once

#include <time.h>

#include <cstdint>

#include "cistern/format/profile_header.h"
#include "preload/arch/arch.h"

namespace cistern::preload {

// A unit of recorded time is 16 ticks of the cycle counter, about 5 ns: two threads cannot pass a block to each other
// faster.
constexpr unsigned kTscShift = 4;

struct Clock {
  ClockKind kind = ClockKind::kMonotonic;
  unsigned shift = 0;
  uint64_t hz = 1'000'000'000;
};
extern Clock g_clock;

// Chooses the clock: the cycle counter if the kernel lists "tsc" among its clock sources. The kernel's watchdog removes
// an unstable counter from that list (Linux, kernel/time/clocksource.c).
void choose_clock() noexcept;

uint64_t read_clock(clockid_t id) noexcept;  // ns

inline uint64_t now() noexcept {
  if (__builtin_expect(g_clock.kind == ClockKind::kTsc, 1)) return cycle_counter() >> kTscShift;
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace cistern::preload
