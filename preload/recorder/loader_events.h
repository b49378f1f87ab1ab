// What the recorder does when the loader has loaded or unloaded modules. Cold. Any thread.
#pragma once

namespace cistern::preload {

// Looks for asyncio among the modules that were loaded since the last call. Requires that the thread is inside the
// recorder.
void check_new_modules() noexcept;

// The same, called by hooks of native code where no other domain is recorded. `caller` is the hook's return address:
// nothing is done while the loader calls.
void check_for_asyncio(const void* caller) noexcept;

// Before and after dlclose, which may unload the interpreter.
void dlclose_begins() noexcept;
void dlclose_ends() noexcept;

}  // namespace cistern::preload
