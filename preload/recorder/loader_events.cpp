#include "preload/recorder/loader_events.h"

#include "preload/base/loaded_modules.h"
#include "preload/base/thread_context.h"
#include "preload/cpython/asyncio_module.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/native_capture.h"
#include "preload/recorder/python_events.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {

void check_new_modules() noexcept {
  forget_loader_calls();
  if (!find_asyncio(g_python, g_recorder.interner.asyncio_seen())) note_loader_call();
}

void check_for_asyncio(const void* caller) noexcept {
  if (in_loader(caller) || !(modules_changed() || g_recorder.interner.asyncio_newly_seen())) return;
  const ReentrancyGuard guard;
  check_new_modules();
}

// An interpreter that is not initialized has no Python stacks, and its functions may be gone before dlclose returns.
void dlclose_begins() noexcept {
  if (in_recorded_process() && g_python.found && !is_initialized()) g_recorder.python_stacks = false;
  unloading_begins();
}

void dlclose_ends() noexcept {
  unloading_ends();
  note_loader_call();
  if (!in_recorded_process()) return;
  const ReentrancyGuard guard;
  forget_unloaded_code();
  if (!g_python.found) return;
  if (is_loaded(g_python)) {
    g_recorder.python_stacks = g_python.stacks == PythonStacks::kOn;
    return;
  }
  forget_interpreter();
}

}  // namespace cistern::preload
