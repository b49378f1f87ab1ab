#include "preload/base/clock.h"

#include <string_view>

#include "preload/base/proc.h"

namespace cistern::preload {

constinit Clock g_clock;

uint64_t read_clock(clockid_t id) noexcept {
  timespec at{};
  clock_gettime(id, &at);  // vDSO; cannot fail for the clocks used here
  return static_cast<uint64_t>(at.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(at.tv_nsec);
}

namespace {

// A first estimate, measured over 20 µs. The clock pairs in the profile are more exact.
uint64_t estimate_hz() noexcept {
  const uint64_t begin_ns = read_clock(CLOCK_MONOTONIC);
  const uint64_t begin = cycle_counter();
  uint64_t end_ns = begin_ns;
  while (end_ns - begin_ns < 20'000) end_ns = read_clock(CLOCK_MONOTONIC);
  const uint64_t ticks = cycle_counter() - begin;
  return static_cast<uint64_t>(static_cast<double>(ticks) * 1e9 / static_cast<double>(end_ns - begin_ns));
}

}  // namespace

void choose_clock() noexcept {
  if (!kHasCycleCounter) return;
  char sources[256];
  const std::string_view text =
      read_file("/sys/devices/system/clocksource/clocksource0/available_clocksource", sources, sizeof sources);
  size_t at = text.find(kCycleCounterName);
  if (at == std::string_view::npos || (at != 0 && text[at - 1] != ' ')) return;
  g_clock = Clock{ClockKind::kTsc, kTscShift, estimate_hz()};
}

}  // namespace cistern::preload
