// The interpreter in the life of the recorder: found, hooked, unloaded, or not as expected; and what the hooks on its
// allocators ask of the recorder. Cold. Any thread, unless a function says otherwise.
#pragma once

#include "cistern/format/domain.h"

namespace cistern::preload {

// The interpreter has been found: puts hooks on its allocators and writes what it is. By the thread that starts
// recording or has found the interpreter later.
void hook_interpreter() noexcept;

// Called by hooks while this image has no interpreter: takes one that has been loaded since. `caller` is the return
// address of the hook.
void check_for_new_python(const void* caller) noexcept;

// dlclose has unloaded the interpreter.
void forget_interpreter() noexcept;

// What was read of the interpreter's frames is wrong. `reason` says what is wrong; its text is kept. Blocks of all
// domains are recorded as before, without Python's frames.
void switch_python_stacks_off(const char* reason) noexcept;

// The hooks on the interpreter's allocators were missing and have been installed again: writes that to the profile.
void record_reinstalled_hooks() noexcept;

DomainMask recorded_domains() noexcept;
// Whether blocks of `domain` get native frames.
bool has_native_frames(Domain domain) noexcept;
bool has_python_stacks() noexcept;
// Whether code of the program itself, or of an initialized embedded interpreter, runs.
bool python_runs() noexcept;
// Whether the GIL orders all events of the pools: only then may events share a time. See event_clock.h.
void allow_shared_times(bool allowed) noexcept;

}  // namespace cistern::preload
