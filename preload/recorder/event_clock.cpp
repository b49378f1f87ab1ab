#include "preload/recorder/event_clock.h"

namespace cistern::preload {
namespace {

// A quarter of a second, in units of recorded time. A coarse clock that has not ticked for longer has stopped: the
// process that ticks it is stopped or gone.
uint64_t longest_pause() noexcept {
  constexpr uint64_t kLongestPausesPerSecond = 4;
  return (g_clock.hz >> g_clock.shift) / kLongestPausesPerSecond;
}

}  // namespace

void EventClock::begin_sharing(SharedTime& mine, uint64_t time) noexcept {
  if (!allowed_.load(std::memory_order_relaxed)) return;
  const uint32_t now_count = count();
  if (now_count != last_count_.load(std::memory_order_relaxed)) {
    last_count_.store(now_count, std::memory_order_relaxed);
    last_count_time_.store(time, std::memory_order_relaxed);
  } else if (time - last_count_time_.load(std::memory_order_relaxed) > longest_pause()) {
    return end_sharing();
  }
  mine.events_left = kEventsPerTime;
  holder().store(mine.mark, std::memory_order_relaxed);
}

}  // namespace cistern::preload
