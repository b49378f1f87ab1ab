// Hooks on CPython's RAW, MEM, OBJ and arena allocators, installed with its public allocator API. The program can
// remove them (PYTHONMALLOC, -X dev, a second Py_Initialize) or wrap them (tracemalloc): check_python_hooks() notices.
// Any thread.
#pragma once

#include "cistern/format/domain.h"
#include "preload/recorder/hook_callbacks.h"

namespace cistern::preload {

// These implement the callbacks of the same names in HookCallbacks.
void install_python_hooks(DomainMask domains) noexcept;
void note_python_allocators() noexcept;
void forget_python_hooks() noexcept;
AllocatorFacts python_allocator() noexcept;
void abandon_python_hooks() noexcept;

extern thread_local constinit uint32_t t_until_check;

// Out of line; see check_python_hooks().
void check_python_hooks_now(const void* caller) noexcept;

// Native hooks call it after each event that they record. `caller` is the hook's return address. Usually costs one
// decrement.
inline void check_python_hooks(const void* caller) noexcept {
  if (__builtin_expect(t_until_check-- == 0, 0)) check_python_hooks_now(caller);
}

}  // namespace cistern::preload
