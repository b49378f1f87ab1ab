#include "preload/recorder/jumps.h"

#include "preload/base/blocked_signals.h"
#include "preload/base/clock.h"
#include "preload/base/spin_lock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/thread_state.h"

namespace cistern::preload {
namespace {

// Other threads would wait for ever for a lock that stays held.
void release_locks() noexcept {
  constexpr uint32_t kPlaces = sizeof t_context.held / sizeof t_context.held[0];
  for (uint32_t i = 0; i < t_context.locks && i < kPlaces; ++i) static_cast<SpinLock*>(t_context.held[i])->unlock();
  t_context.locks = 0;
}

// Returns false when the thread held a lock.
bool give_up_locks() noexcept {
  if (t_context.locks == 0) return true;
  release_locks();
  g_recorder.segments.failure.store(kLeftByJump, std::memory_order_relaxed);
  fail_recording();
  return false;
}

}  // namespace

bool recover_from_jump() noexcept {
  if (on_alternate_stack()) return false;  // which may lie anywhere
  t_context.inside = 0;
  if (g_recorder.segments.window.is_open()) g_recorder.count(Counter::kLostEvents);
  return give_up_locks();
}

// A handler begins behind the red zone (128 bytes) and the kernel's signal frame, which has the registers of the FPU:
// 512 bytes and more.
bool has_left_recorder(const ThreadState& thread) noexcept {
  constexpr uintptr_t kLeastSignalBytes = 512;
  return stack_pointer() + kLeastSignalBytes > thread.busy.load(std::memory_order_relaxed) && !on_alternate_stack();
}

bool recover_recorder(ThreadState& thread) noexcept {
  g_recorder.count(Counter::kLostEvents);
  if (!give_up_locks()) return false;
  thread.python = PythonStack{};  // the thread may have been replacing its memory
  thread.native.reset();
  thread.mixed = MixedStack{};
  const BlockedSignals blocked;
  const uint64_t time = now();
  if (!thread.stream.is_open() || !thread.stream.roll(g_recorder.segments, thread.codec.time, thread.events, time)) {
    fail_recording();
    return false;
  }
  thread.codec = EventState{time, 0, 0};
  thread.events = 0;
  return true;
}

}  // namespace cistern::preload
