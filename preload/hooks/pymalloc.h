// Hooks on CPython's RAW, MEM, OBJ and arena allocators, put there by its public allocator API (ports.h). They can be
// removed (PYTHONMALLOC, -X dev, a second Py_Initialize) or stacked upon (tracemalloc): check_python_hooks() notices.
#pragma once

#include "preload/base/recording_switch.h"

namespace cistern::preload {

// Called by the native hooks behind a recorded event; `caller` is the hook's. Cheap: mostly a decrement.
void check_python_hooks_now(const void* caller) noexcept;

extern thread_local constinit uint32_t t_until_check;

inline void check_python_hooks(const void* caller) noexcept {
  if (__builtin_expect(t_until_check-- == 0, 0)) check_python_hooks_now(caller);
}

}  // namespace cistern::preload
