#include "preload/recorder/finish.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/proc.h"
#include "preload/base/thread_context.h"
#include "preload/base/wait.h"
#include "preload/recorder/checks.h"
#include "preload/recorder/children.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {
namespace {

// Whether the calling thread may be in a signal handler: a signal is blocked while it is handled. The interrupted code
// may hold locks of libc.
bool signals_blocked() noexcept {
  uint64_t blocked = 0;
  raw_syscall(SYS_rt_sigprocmask, 0, 0, reinterpret_cast<long>(&blocked), sizeof blocked);
  return blocked != 0;
}

void write_end_facts(EndKind how, int64_t code, bool may_ask_libc) noexcept {
  RecordStream& records = g_recorder.records;
  g_recorder.phases.enter(Phase::kAfter, now());
  g_recorder.event_clock.end_sharing();
  update_modules(records);
  write_clock_pair(records);
  write_memory(records);
  if (may_ask_libc) write_malloc_info(records);
  write_children();
  if (g_recorder.is_first_image) take_over_list_of_programs();
  records.write(EndRecord{now(), how, code});
}

// Writes the open segment of a claimed thread to the profile; the thread writes through from then on.
bool finalize_stream(ThreadState& thread) noexcept {
  if (!thread.stream.is_open()) return true;
  const uint64_t time = now();
  if (!thread.stream.enter_through(g_recorder.segments, thread.codec.time, thread.events, time)) return false;
  thread.codec = EventState{time, 0, 0};
  thread.events = 0;
  return true;
}

constexpr uint32_t kMaxWaitMs = 200;

// Claims a stream of the window. Returns false when a new thread is reusing its state. Streams that begin from now on
// write through: pairs with claim_for_reuse() and attach_thread().
bool claim_stream(ThreadState& thread) noexcept {
  const auto settled = [&] { return thread.used_by.load(std::memory_order_seq_cst) != kBeingReused; };
  if (!wait_until(settled, kMaxWaitMs)) return false;
  StreamMode mode = StreamMode::kWindow;
  if (thread.used_by.load(std::memory_order_seq_cst) == kUnused) return true;
  thread.mode.compare_exchange_strong(mode, StreamMode::kClaimed, std::memory_order_acq_rel);
  return true;
}

// Waits until a claimed thread is outside the recorder; a thread that died inside counts as outside. Returns false when
// the wait takes too long: the thread sleeps in a write, or its signal handler never returned.
bool wait_until_outside(const ThreadState& thread) noexcept {
  if (thread.busy.load(std::memory_order_acquire) != 0 && is_dead(thread)) return true;
  return wait_until([&] { return thread.busy.load(std::memory_order_acquire) == 0; }, kMaxWaitMs);
}

// Finalizes the streams of all other threads. Returns false when one of them could not be finalized: then the window
// must stay.
bool finalize_others(const ThreadState* self) noexcept {
  ThreadState* const first = g_recorder.threads.load(std::memory_order_seq_cst);
  bool whole = true;
  for (ThreadState* thread = first; thread != nullptr; thread = thread->next) {
    if (thread != self) whole = claim_stream(*thread) && whole;
  }
  // After the barrier, either this thread reads that a thread is busy, or that thread reads that it is claimed. Pairs
  // with enter().
  const long barrier = raw_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  whole = whole && (!is_error(barrier) || first == nullptr || (first == self && first->next == nullptr));
  for (ThreadState* thread = first; thread != nullptr; thread = thread->next) {
    if (thread->mode.load(std::memory_order_relaxed) != StreamMode::kClaimed) continue;
    if (whole && wait_until_outside(*thread) && finalize_stream(*thread)) {
      thread->mode.store(StreamMode::kThrough, std::memory_order_release);
    } else {
      thread->mode.store(StreamMode::kWindow, std::memory_order_release);
      whole = false;
    }
  }
  return whole;
}

}  // namespace

// The profile cannot be written: the window says how the image ended, and stays.
void note_end_after_stop(EndKind how, int64_t code) noexcept {
  StopState& stop = g_recorder.segments.window.control().stop;
  stop.peak_resident_bytes = peak_resident_bytes();
  stop.end_how = static_cast<uint32_t>(how);
  stop.end_code = static_cast<int32_t>(code);
  std::atomic_ref<uint64_t>(stop.end_time).store(now(), std::memory_order_release);
}

void finish_image(EndKind how, int64_t code) noexcept {
  if (has_stopped()) return note_end_after_stop(how, code);
  if (!in_recorded_process()) return note_end_without_image();
  const bool may_ask_libc = t_context.inside == 0 && !signals_blocked();
  const ReentrancyGuard guard;
  ThreadState* const self = t_context.state;
  // In a signal handler that interrupted the recorder nothing can be written. What was published stays in the window.
  if (t_context.locks != 0) return;
  if (self != nullptr && self->busy.exchange(UINTPTR_MAX, std::memory_order_acquire) != 0) return;
  if (g_recorder.finalized.exchange(true, std::memory_order_seq_cst)) {
    g_recorder.records.write(EndRecord{now(), how, code});
  } else {
#ifdef CISTERN_CHECK_STACKS
    report_checks();
#endif
    write_end_facts(how, code, may_ask_libc);
    bool whole = finalize_others(self);
    if (self != nullptr) {
      whole = finalize_stream(*self) && whole;
      self->mode.store(StreamMode::kThrough, std::memory_order_relaxed);
    }
    write_losses(g_recorder);
    whole = g_recorder.records.enter_through() && whole;
    if (whole) {
      g_recorder.segments.window.unlink();
      remove_images_directory(g_recorder.first_profile, g_recorder.images_directory);
    }
  }
  if (self != nullptr) self->busy.store(0, std::memory_order_release);
}

}  // namespace cistern::preload
