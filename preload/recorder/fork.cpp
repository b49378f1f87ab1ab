#include "preload/recorder/fork.h"

#include <errno.h>

#include "preload/base/clock.h"
#include "preload/base/proc.h"
#include "preload/base/recording_switch.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/children.h"
#include "preload/recorder/epoch.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/image_start.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/native_capture.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/start.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {
namespace {

bool switch_was_wiped() noexcept {
  return (g_recording_switch.mask.load(std::memory_order_relaxed) & kDecided) == 0;
}

void begin_child() noexcept {
  Recorder& recorder = g_recorder;
  abandon_parent();
  recorder.header.parent = recorder.header.image;
  ++recorder.header.generation;
  // After a chroot the same path may lead to another directory, which is not the recorder's.
  if (recorder.options.follow == Follow::kNone) return decline_recording();
  if (folder_of(recorder.first_profile) != recorder.folder) {
    note_failed_image(EXDEV);
    return decline_recording();
  }
  recorder.is_first_image = false;
  recorder.forked = true;
  identify_image(1);
  if (!begin_image()) return;
  prepare_child_environment();
  write_interpreter(recorder.records, now());
  begin_events();
}

}  // namespace

void fork_begins(const void* caller) noexcept {
  const ReentrancyGuard guard;
  if (g_recorder.state.load(std::memory_order_acquire) == RecorderState::kWaiting) start_if_python_was_loaded(caller);
}

void fork_in_parent(pid_t child) noexcept {
  if (child <= 0 || !may_write_records()) return;
  const ReentrancyGuard guard;
  g_recorder.records.write(ChildRecord{now(), static_cast<uint32_t>(child)});
  if (children_noted()) write_children();
}

void fork_in_child(bool libc_locks_free) noexcept {
  if (g_recorder.state.load(std::memory_order_relaxed) == RecorderState::kWaiting) forget_loader_calls();
  if (libc_locks_free) g_recorder.libc_locks_free_in.store(process_id(), std::memory_order_relaxed);
  // The child's image has not begun: this thread's state still belongs to the parent's image.
  if (switch_was_wiped()) t_context.state = nullptr;
}

// A thread that read the switch just before recording began is in no forked child.
void begin_image_of_child() noexcept {
  if (switch_was_wiped() && claim_starting(RecorderState::kRecording)) begin_child();
}

void abandon_parent() noexcept {
  Recorder& recorder = g_recorder;
  recorder.event_clock.abandon();
  recorder.segments.window.abandon();
  recorder.segments.output.abandon();
  recorder.segments.failure.store(0, std::memory_order_relaxed);
  recorder.records.abandon();
  recorder.interner.abandon();
  recorder.collector.reset();
  recorder.finalized.store(false, std::memory_order_relaxed);
  abandon_epochs();
  abandon_modules();
  abandon_native_capture();
  abandon_threads();
  recorder.hooks->abandon_hooks();
  // The stack that started this thread has no number in the child's profile.
  t_context.started_at = t_context.started_by = 0;
}

}  // namespace cistern::preload
