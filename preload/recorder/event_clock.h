// The times of events that the GIL orders. Reading the cycle counter is the largest cost of an event (10 ns in a
// virtual machine), so several events of one thread may share one time, as long as nothing can notice it:
//   - no other thread has recorded such an event in between, so the order of events on one address stays exact;
//   - no record of a moment (a mark, a phase) was written in between;
//   - the coarse clock in the window has not ticked in between. `cistern run` ticks it every few milliseconds. Without
//     ticks each event reads the cycle counter.
// Any thread; no locks; no allocation.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/ids.h"
#include "cistern/format/window_layout.h"
#include "preload/base/clock.h"

namespace cistern::preload {

// pymalloc serves requests up to this size from pools (SMALL_REQUEST_THRESHOLD, Objects/obmalloc.c, 3.8 – 3.13).
constexpr size_t kMaxPooledBytes = 512;

// Of one thread.
struct SharedTime {
  uint32_t mark = 0;         // identifies the thread in CoarseClock.holder
  uint32_t events_left = 0;  // that may still have the thread's last time
};

// The mark of a thread: seven bits of its stream id in each byte, and one bit that is set. While another process sets
// CoarseClock.holder to 0, which may be seen byte by byte, the field is no thread's mark.
constexpr uint32_t thread_mark(StreamId stream_id) noexcept {
  uint32_t mark = 0;
  for (unsigned i = 0; i < 4; ++i) mark |= (raw(stream_id) >> (7 * i) & 0x7f) << (8 * i);
  return mark | 0x80808080;
}

class EventClock {
 public:
  // `coarse_clock` must exist until the next begin() or abandon().
  void begin(CoarseClock& coarse_clock) noexcept { coarse_clock_ = &coarse_clock; }
  // Whether pymalloc itself is below the hooks: only then does the GIL order what becomes of an address.
  void allow_sharing(bool allowed) noexcept {
    allowed_.store(allowed, std::memory_order_relaxed);
    end_sharing();
  }
  // The next event reads the cycle counter. Called after a record of a moment.
  void end_sharing() noexcept { holder().store(0, std::memory_order_relaxed); }
  // In a forked child.
  void abandon() noexcept {
    coarse_clock_ = &no_coarse_clock_;
    last_count_.store(0, std::memory_order_relaxed);
    end_sharing();
  }

  // Whether one more event may have the thread's last time. Requires that the thread holds the GIL.
  bool may_share(SharedTime& mine) noexcept {
    return holder().load(std::memory_order_relaxed) == mine.mark && --mine.events_left != 0;
  }
  // Returns the time now. `gil`: the thread holds the GIL, so that later events may share this time.
  uint64_t read(SharedTime& mine, bool gil) noexcept {
    const uint64_t time = now();
    if (gil && count() != 0) begin_sharing(mine, time);
    return time;
  }

 private:
  static constexpr uint32_t kEventsPerTime = 32;

  // The mark of the thread that recorded the last event that the GIL orders. Interpreters that have a GIL of their own
  // (3.12 and later) take the field from each other: they share no pools.
  std::atomic_ref<uint32_t> holder() const noexcept { return std::atomic_ref<uint32_t>(coarse_clock_->holder); }
  uint32_t count() const noexcept {
    return std::atomic_ref<uint32_t>(coarse_clock_->count).load(std::memory_order_relaxed);
  }
  void begin_sharing(SharedTime& mine, uint64_t time) noexcept;

  CoarseClock* coarse_clock_ = &no_coarse_clock_;
  std::atomic<bool> allowed_{false};
  std::atomic<uint32_t> last_count_{0};
  std::atomic<uint64_t> last_count_time_{0};
  CoarseClock no_coarse_clock_{};
};

}  // namespace cistern::preload
