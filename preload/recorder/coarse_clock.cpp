#include "preload/recorder/coarse_clock.h"

namespace cistern::preload {
namespace {

// Longer than any pause between two beats but that of a process that is stopped, or gone.
constexpr uint64_t kLongestPausesPerSecond = 4;

uint64_t longest_pause() noexcept {
  return (g_clock.hz >> g_clock.shift) / kLongestPausesPerSecond;
}

}  // namespace

void Stamps::renew(ThreadStamp& mine, uint64_t time) noexcept {
  if (!allowed_.load(std::memory_order_relaxed)) return;
  const uint32_t now_count = count();
  if (now_count != last_count_.load(std::memory_order_relaxed)) {
    last_count_.store(now_count, std::memory_order_relaxed);
    last_count_time_.store(time, std::memory_order_relaxed);
  } else if (time - last_count_time_.load(std::memory_order_relaxed) > longest_pause()) {
    return afresh();
  }
  mine.left = kEventsOfOneStamp;
  holder().store(mine.mark, std::memory_order_relaxed);
}

}  // namespace cistern::preload
