#include "preload/recorder/recorder.h"

#include <errno.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/recording_switch.h"
#include "preload/base/message.h"
#include "preload/base/proc.h"

namespace cistern::preload {

constinit Recorder g_recorder;

namespace {

std::string_view reason_of(int error) noexcept {
  switch (error) {
    case EFBIG:
      return "recording stopped: the profile reached its size limit:";
    case ENOSPC:
    case EDQUOT:
      return "recording stopped: no space left for";
    case EBADF:
      return "recording stopped: the program closed or replaced";
    case ESTALE:
      return "recording stopped: something cut short";
    case EMFILE:
    case ENFILE:
      return "recording stopped: no file descriptor is free for";
    default:
      return "recording stopped: cannot write";
  }
}

}  // namespace

void open_gate() noexcept {
  g_gate.mask.store(kAwake | g_recorder.options.domains, std::memory_order_release);
}

void close_gate() noexcept {
  g_gate.mask.store(kAwake, std::memory_order_release);
}

void fail_recording() noexcept {
  RecorderState expected = RecorderState::kRecording;
  if (!g_recorder.state.compare_exchange_strong(expected, RecorderState::kOff, std::memory_order_acq_rel)) return;
  close_gate();
  // The window holds the header of losses, so a reader learns of it even though the profile cannot be written.
  g_recorder.count(Counter::kStoppedEvents);
  say_once(reason_of(g_recorder.segments.failure.load(std::memory_order_relaxed)), g_recorder.segments.output.path().view());
}

bool in_recorded_process() noexcept {
  return g_recorder.state.load(std::memory_order_acquire) == RecorderState::kRecording &&
         (g_gate.mask.load(std::memory_order_relaxed) & kAwake) != 0 && process_id() == g_recorder.segments.pid;
}

}  // namespace cistern::preload
