#include "preload/recorder/start.h"

#include <stdlib.h>

#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"
#include "preload/base/memory.h"
#include "preload/base/message.h"
#include "preload/base/real.h"
#include "preload/base/recording_switch.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/children.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/image_start.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/native_capture.h"
#include "preload/recorder/python_events.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {
namespace {

// The options before an error are set.
void read_options() noexcept {
  // A copy: the program may change its environment.
  if (const char* const text = getenv(kOptionsVariable)) g_recorder.options_text.add(text);
  (void)parse_options(g_recorder.options_text.view(), g_recorder.options);
}

// Only for an image that would be recorded, so that a shell and the like print nothing. Its children print nothing
// either: they start without the recorder.
bool options_are_sound(bool at_start) noexcept {
  const auto error = parse_options(g_recorder.options_text.view(), g_recorder.options);
  if (!error) return true;
  struct Message {
    Text<512> where;
    Text<512> why;
  };
  const ScratchObject<Message> message;
  if (message) {
    message->where.add("CISTERN_OPTIONS: ").add(error->pair);
    message->why.add("expected ").add(error->expected);
    decline_recording("not recording", message->where.view(), message->why.view());
  } else {
    decline_recording();
  }
  withdraw_from_environment(at_start);
  return false;
}

// The image that this process, or its parent, was before: it handed its identity down in the environment.
void continue_session(const Session& session) noexcept {
  ProfileHeader& header = g_recorder.header;
  header.parent = session.parent;
  header.generation = session.generation + 1;
  g_recorder.first_profile.clear();
  g_recorder.first_profile.add(session.first_profile);
  const bool same_process =
      session.parent.pid == header.image.pid && session.parent.start_ticks == header.image.start_ticks;
  if (same_process) header.image.number = session.parent.number + 1;  // after exec
}

void begin_recording(bool at_start) noexcept {
  Recorder& recorder = g_recorder;
  if (!options_are_sound(at_start)) return;
  choose_clock();
  const Session session = read_session(inherited_session());
  if (recorder.options.follow == Follow::kNone) {
    withdraw_from_environment(at_start);
    if (session.found) return decline_recording();
  }
  identify_image(1);
  recorder.is_first_image = !session.found;
  if (session.found) {
    continue_session(session);
  } else {
    expand_output(recorder.options.output, recorder.header.image, recorder.first_profile);
  }
  recorder.paused.store(!recorder.options.start, std::memory_order_relaxed);
  recorder.libc_locks_free_in.store(recorder.header.image.pid, std::memory_order_relaxed);
  if (!begin_image()) return;
  recorder.folder = folder_of(recorder.first_profile);
  prepare_child_environment();
  begin_native_capture();
  hook_interpreter();
  begin_events();
}

}  // namespace

void start_process(const HookCallbacks& hooks) noexcept {
  if (!claim_starting(RecorderState::kUnstarted)) return;
  const ReentrancyGuard guard;
  g_recorder.hooks = &hooks;
  remember_stderr();
  resolve_real_functions();
  read_options();
  begin_environment();
  if (!wipe_switch_on_fork()) {
    return decline_recording("not recording", {},
                             "this kernel cannot mark a forked child (MADV_WIPEONFORK, Linux 4.14 and later)");
  }
  const std::optional<bool> found = find_interpreter();
  if (!found) note_loader_call();
  if (!found.value_or(false) && g_recorder.options.follow != Follow::kAll) {
    g_recorder.state.store(RecorderState::kWaiting, std::memory_order_release);
    list_waiting_program();
    return;
  }
  begin_recording(true);
}

void start_if_python_was_loaded(const void* caller) noexcept {
  if (!modules_changed() || in_loader(caller) || !claim_starting(RecorderState::kWaiting)) return;
  forget_loader_calls();
  const std::optional<bool> found = find_interpreter();
  if (found.value_or(false)) return begin_recording(false);
  if (!found) note_loader_call();
  g_recorder.state.store(RecorderState::kWaiting, std::memory_order_release);
}

}  // namespace cistern::preload
