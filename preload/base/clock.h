// Time: one clock for all events of an image, cheap to read. Any thread. now() costs one rdtsc (10 ns in a virtual
// machine) or, where the kernel does not trust the counter, one clock_gettime.
#pragma once

#include <time.h>

#include <cstdint>

#include "cistern/format/profile_header.h"
#include "preload/arch/arch.h"

namespace cistern::preload {

// A unit of recorded time is 16 ticks of the counter, some 5 ns: finer than any hand-over between threads.
constexpr unsigned kTscShift = 4;

struct Clock {
  ClockKind kind = ClockKind::kMonotonic;
  unsigned shift = 0;
  uint64_t hz = 1'000'000'000;
};
extern Clock g_clock;

// Chooses the clock. The counter is taken when the kernel lists "tsc" among its usable clock sources: its watchdog
// strikes it from that list when it is unstable (Linux, kernel/time/clocksource.c).
void choose_clock() noexcept;

uint64_t read_clock(clockid_t id) noexcept;  // ns

inline uint64_t now() noexcept {
  if (__builtin_expect(g_clock.kind == ClockKind::kTsc, 1)) return cycle_counter() >> kTscShift;
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace cistern::preload
