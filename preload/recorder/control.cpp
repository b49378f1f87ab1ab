#include "preload/recorder/control.h"

#include <errno.h>

#include <cstring>

#include "preload/base/recording_switch.h"
#include "preload/recorder/events.h"
#include "preload/recorder/facts.h"

namespace cistern::preload {
namespace {

// Returns a time strictly between those of the thread's earlier and later events.
uint64_t exclusive_time(const ThreadState& thread) noexcept {
  uint64_t time = now();
  while (time <= thread.codec.time) time = now();
  while (now() <= time) {
  }
  return time;
}

void mark_in(ThreadState& thread, std::string_view name) noexcept {
  constexpr size_t kMaxName = 255;
  g_recorder.records.write(MarkRecord{exclusive_time(thread), thread.stream_id, name.substr(0, kMaxName)});
  write_memory(g_recorder.records);
  write_malloc_info(g_recorder.records);
  g_recorder.event_clock.end_sharing();
}

void set_recording(bool on, uint64_t time) noexcept {
  g_recorder.paused.store(!on, std::memory_order_relaxed);
  g_recorder.phases.enter(on ? Phase::kResumed : Phase::kStopped, time);
  g_recorder.event_clock.end_sharing();
  on ? switch_recording_on() : switch_recording_off();
}

bool is_switched_on() noexcept {
  return (g_recording_switch.mask.load(std::memory_order_relaxed) & ~kDecided) != 0;
}

bool recording() noexcept {
  return g_recorder.state.load(std::memory_order_acquire) == RecorderState::kRecording;
}

}  // namespace

void mark(std::string_view name) noexcept {
  if (!recording()) return;
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  mark_in(*thread, name);
  leave(*thread);
}

void start_recording() noexcept {
  if (!recording() || is_switched_on()) return;
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  // If nothing was recorded so far, the interpreter has no hooks yet.
  if (hookable(g_python)) g_recorder.hooks->install_python_hooks(g_recorder.options.domains);
  // Frees of code objects were not seen while recording was off.
  g_recorder.interner.retire_all_codes();
  set_recording(true, now());
  leave(*thread);
}

void stop_recording() noexcept {
  if (!recording() || !is_switched_on()) return;
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  set_recording(false, now());
  leave(*thread);
}

int flush() noexcept {
  if (!recording()) return ENODEV;
  ThreadState* const thread = enter();
  if (thread == nullptr) return EBUSY;
  const uint64_t time = now();
  const bool done =
      g_recorder.records.flush() && thread->stream.roll(g_recorder.segments, thread->codec.time, thread->events, time);
  thread->codec = EventState{time, 0, 0};
  thread->events = 0;
  if (!done) fail_recording();
  leave(*thread);
  return done ? 0 : g_recorder.segments.failure.load(std::memory_order_relaxed);
}

void execute_mailbox_command(ThreadState& thread) noexcept {
  Mailbox& box = g_recorder.segments.window.control().mailbox;
  std::atomic_ref<uint32_t> done(box.done);
  const uint32_t request = std::atomic_ref<uint32_t>(box.request).load(std::memory_order_acquire);
  uint32_t last = done.load(std::memory_order_relaxed);
  if (request == last || !done.compare_exchange_strong(last, request, std::memory_order_acq_rel)) return;
  switch (static_cast<MailboxCommand>(box.command)) {
    case MailboxCommand::kStop:
      set_recording(false, now());
      break;
    case MailboxCommand::kMark:
      mark_in(thread, std::string_view(box.name, strnlen(box.name, sizeof box.name)));
      break;
    case MailboxCommand::kFlush:
      if (!g_recorder.records.flush()) fail_recording();
      break;
    default:
      box.result = ENOSYS;
      break;
  }
}

}  // namespace cistern::preload
