// Finds the loaded module that the code at an address belongs to, and the module's call frame information. Any thread;
// does not allocate. With glibc 2.35 and later it takes no lock (_dl_find_object); before, the loader's short write
// lock (dl_iterate_phdr).
#pragma once

#include "preload/unwind/eh_frame.h"

namespace cistern::preload {

// Finds out which function the C library offers. Once, before the first search.
void prepare_code_search() noexcept;

// Returns the call frame information of the module at `pc`; `start` is 0 when no module is there.
CallFrameInfo find_code(uintptr_t pc) noexcept;

}  // namespace cistern::preload
