#include "preload/recorder/slow_path.h"

#include "preload/base/blocked_signals.h"
#include "preload/base/proc.h"
#include "preload/recorder/fork.h"
#include "preload/recorder/jumps.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/start.h"

namespace cistern::preload {
namespace {

// Whether this is a child that was forked while another thread of its parent was starting to record.
bool starting_thread_is_gone() noexcept {
  return g_recording_switch.not_forked.load(std::memory_order_relaxed) == 0 &&
         g_recorder.starting_pid.load(std::memory_order_relaxed) != process_id();
}

}  // namespace

bool take_slow_path(Domain domain, const void* caller, const HookCallbacks& hooks) noexcept {
  if (t_context.inside != 0) {
    if (!recover_from_jump()) return false;
    const uint32_t mask = g_recording_switch.mask.load(std::memory_order_relaxed);
    if ((mask & kDecided) != 0) return (mask & bit_of(domain)) != 0;
  }
  const ReentrancyGuard guard;
  switch (g_recorder.state.load(std::memory_order_acquire)) {
    case RecorderState::kUnstarted: {
      const BlockedSignals blocked;
      start_process(hooks);
      break;
    }
    case RecorderState::kStarting:
      if (!starting_thread_is_gone()) return false;
      abandon_parent();
      decline_recording();
      return false;
    case RecorderState::kWaiting:
      start_if_python_was_loaded(caller);
      break;
    case RecorderState::kRecording: {
      const BlockedSignals blocked;
      begin_image_of_child();
      break;
    }
    case RecorderState::kOff:  // a forked child of a process whose recording has ended
      g_recorder.segments.window.abandon();
      switch_recording_off();
      return false;
  }
  return (g_recording_switch.mask.load(std::memory_order_relaxed) & bit_of(domain)) != 0;
}

}  // namespace cistern::preload
