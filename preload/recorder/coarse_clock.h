// The stamps of events that the GIL orders. Reading the counter is what an event costs most (10 ns in a virtual
// machine), so several events of one thread may have one stamp, as long as nothing can tell the difference:
//   - no other thread has recorded such an event in between: the order of events on one address stays exact;
//   - no record of a moment (a mark, a phase) was written in between;
//   - no time to speak of has passed: `cistern run` says so every few milliseconds. Without it, each event has its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/ids.h"
#include "cistern/format/window.h"
#include "preload/base/clock.h"

namespace cistern::preload {

// Requests up to this are served from pools by pymalloc (SMALL_REQUEST_THRESHOLD, Objects/obmalloc.c, 3.8 – 3.13).
constexpr size_t kMaxPooledBytes = 512;

// Of one thread.
struct ThreadStamp {
  uint32_t mark = 0;  // as CoarseClock.holder knows it
  uint32_t left = 0;  // events that may still have its last stamp
};

// The mark of a thread: seven bits of its stream id in each byte, and a bit that is set. While CoarseClock.holder is set to 0,
// which may be seen byte by byte, it is nobody's.
constexpr uint32_t stamp_mark(StreamId stream_id) noexcept {
  uint32_t mark = 0;
  for (unsigned i = 0; i < 4; ++i) mark |= (raw(stream_id) >> (7 * i) & 0x7f) << (8 * i);
  return mark | 0x80808080;
}

class Stamps {
 public:
  // `beat` outlives this, or the next begin() or abandon().
  void begin(CoarseClock& beat) noexcept { beat_ = &beat; }
  // Whether pymalloc itself lies beneath the hooks: only then does the GIL order what becomes of an address.
  void allow(bool ordered) noexcept {
    allowed_.store(ordered, std::memory_order_relaxed);
    afresh();
  }
  // The next event has a stamp of its own. After a record of a moment.
  void afresh() noexcept { holder().store(0, std::memory_order_relaxed); }
  void abandon() noexcept {
    beat_ = &no_beat_;
    last_count_.store(0, std::memory_order_relaxed);
    afresh();
  }

  // Whether the thread's last stamp serves for one more event. Requires that it holds the GIL.
  bool serves(ThreadStamp& mine) noexcept {
    return holder().load(std::memory_order_relaxed) == mine.mark && --mine.left != 0;
  }
  // A stamp of the event's own. `gil`: the GIL is held, and the stamp may serve again.
  uint64_t take(ThreadStamp& mine, bool gil) noexcept {
    const uint64_t time = now();
    if (gil && count() != 0) renew(mine, time);
    return time;
  }

 private:
  static constexpr uint32_t kEventsOfOneStamp = 32;

  // Of the thread that recorded the last event that the GIL orders. Interpreters with a GIL of their own (3.12) take it
  // from each other: they have no pools in common.
  std::atomic_ref<uint32_t> holder() const noexcept { return std::atomic_ref<uint32_t>(beat_->holder); }
  uint32_t count() const noexcept { return std::atomic_ref<uint32_t>(beat_->count).load(std::memory_order_relaxed); }
  void renew(ThreadStamp& mine, uint64_t time) noexcept;

  CoarseClock* beat_ = &no_beat_;
  std::atomic<bool> allowed_{false};
  std::atomic<uint32_t> last_count_{0};
  std::atomic<uint64_t> last_count_time_{0};
  CoarseClock no_beat_{};
};

}  // namespace cistern::preload
