// How recording starts in a process. Cold. Any thread; only one starts it.
#pragma once

#include "preload/recorder/hook_callbacks.h"

namespace cistern::preload {

// Decides whether this process is recorded, and starts recording. Idempotent. The library's constructor calls it, and
// the slow path of any hook that is called earlier.
void start_process(const HookCallbacks& hooks) noexcept;

// In state kWaiting: starts recording if the loader has brought an interpreter, but not while the loader still works on
// it. `caller` is the return address of the hook.
void start_if_python_was_loaded(const void* caller) noexcept;

}  // namespace cistern::preload
