#include "preload/recorder/recorder.h"

#include "preload/base/clock.h"
#include "preload/base/message.h"
#include "preload/base/proc.h"
#include "preload/base/recording_switch.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/file_errors.h"

namespace cistern::preload {

constinit Recorder g_recorder;

void switch_recording_on() noexcept {
  g_recording_switch.mask.store(kDecided | g_recorder.options.domains, std::memory_order_release);
}

void switch_recording_off() noexcept {
  g_recording_switch.mask.store(kDecided, std::memory_order_release);
}

bool claim_starting(RecorderState from) noexcept {
  // Stored before the state: a thread that reads kStarting also reads which process it was. Pairs with
  // take_slow_path().
  g_recorder.starting_pid.store(process_id(), std::memory_order_relaxed);
  return g_recorder.state.compare_exchange_strong(from, RecorderState::kStarting, std::memory_order_acq_rel);
}

void decline_recording(std::string_view what, std::string_view where, std::string_view why) noexcept {
  g_recorder.state.store(RecorderState::kOff, std::memory_order_release);
  switch_recording_off();
  if (!what.empty()) print_once(what, where, why);
}

void fail_recording() noexcept {
  RecorderState expected = RecorderState::kRecording;
  if (!g_recorder.state.compare_exchange_strong(expected, RecorderState::kOff, std::memory_order_acq_rel)) return;
  switch_recording_off();
  const int error = g_recorder.segments.failure.load(std::memory_order_relaxed);
  // The window has what a reader must know, even if the profile cannot be written.
  g_recorder.count(Counter::kStoppedEvents);
  StopState& stop = g_recorder.segments.window.control().stop;
  stop.reason = static_cast<uint32_t>(stop_reason_of(error));
  stop.error = static_cast<uint32_t>(error);
  stop.resident_bytes = memory_use().resident_bytes;
  std::atomic_ref<uint64_t>(stop.time).store(now(), std::memory_order_release);
  print_once("recording stopped", g_recorder.segments.output.path().view(), reason_of(error));
}

bool in_recorded_process() noexcept {
  return g_recorder.state.load(std::memory_order_acquire) == RecorderState::kRecording &&
         (g_recording_switch.mask.load(std::memory_order_relaxed) & kDecided) != 0 &&
         process_id() == g_recorder.segments.pid;
}

bool has_stopped() noexcept {
  SegmentStore& segments = g_recorder.segments;
  // A forked child does not have its parent's window, and has not decided; a child of vfork() has another pid.
  return g_recorder.state.load(std::memory_order_acquire) == RecorderState::kOff && segments.window.is_open() &&
         (g_recording_switch.mask.load(std::memory_order_relaxed) & kDecided) != 0 && process_id() == segments.pid &&
         std::atomic_ref<uint64_t>(segments.window.control().stop.time).load(std::memory_order_acquire) != 0;
}

bool may_write_records() noexcept {
  const ThreadState* const thread = t_context.state;
  return in_recorded_process() && t_context.inside == 0 && t_context.locks == 0 &&
         (thread == nullptr || thread->busy.load(std::memory_order_relaxed) == 0);
}

}  // namespace cistern::preload
