// Hooks on CPython's RAW, MEM, OBJ and arena allocators, put there by its public allocator API (ports.h). They can be
// removed (PYTHONMALLOC, -X dev, a second Py_Initialize) or stacked upon (tracemalloc): check_python_hooks() notices.
#pragma once

#include "preload/base/gate.h"

namespace cistern::preload {

// Called by the native hooks behind a recorded event. Cheap: mostly a decrement.
void check_python_hooks_now() noexcept;

extern thread_local constinit uint32_t t_until_check;

inline void check_python_hooks() noexcept {
  if (__builtin_expect(t_until_check-- == 0, 0)) check_python_hooks_now();
}

}  // namespace cistern::preload
