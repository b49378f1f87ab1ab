// How recording begins, goes on in a forked child, and ends. Cold.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace cistern::preload {

// Decides whether this process is recorded, and begins. Idempotent; called by the constructor, and by whatever hook is
// called before it.
void start_process() noexcept;

// What was read of the interpreter's frames is wrong: `reason` says what, and is kept. Any thread.
void switch_stacks_off(const char* reason) noexcept;

// CPython's hooks were found missing and have been put in place again.
void hooks_reinstalled() noexcept;

// Called by hooks while this image has no Python: takes one that has been loaded since.
void look_for_later_python(const void* caller) noexcept;

// What the loader has brought since the last look, and whether asyncio is there. Inside the recorder, not below the
// loader.
void look_at_modules() noexcept;
// The same for hooks of native code, where no other domain looks.
void look_for_asyncio(const void* caller) noexcept;

// Around dlclose: the interpreter may go with the library.
void library_closes() noexcept;
void library_closed() noexcept;

// The process is about to be replaced by exec, or was not (`failed`).
void exec_begins() noexcept;
void exec_failed() noexcept;

// The process is about to fork. `caller` is the return address of the hook.
void fork_begins(const void* caller) noexcept;
// The process forked; `child` is the new process. Called in the parent.
void child_forked(pid_t child) noexcept;
// The calling process is a forked child. `whole`: by libc's fork(), which leaves libc's locks free in it.
void forked(bool whole) noexcept;

}  // namespace cistern::preload
