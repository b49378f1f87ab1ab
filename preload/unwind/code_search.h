// Finds the loaded module that the code at an address belongs to, and the module's call frame information. Any thread;
// takes no lock of the loader; does not allocate on the program's heap. Before glibc 2.35 a search may read
// /proc/self/maps.
#pragma once

#include "preload/unwind/eh_frame.h"

namespace cistern::preload {

// Returns the call frame information of the module at `pc`; `start` is 0 when no module is there. Requires that the
// module stays loaded, as one does whose code is on the caller's stack.
CallFrameInfo find_code(uintptr_t pc) noexcept;

// After a module was unloaded.
void forget_known_code() noexcept;

// In a forked child.
void abandon_code_search() noexcept;

}  // namespace cistern::preload
