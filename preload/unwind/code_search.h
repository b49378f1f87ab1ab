// Which loaded module the code at an address belongs to, and its call frame information. Any thread; nothing allocates.
// glibc 2.35 and later answer without a lock (_dl_find_object); before, the loader's short write lock is taken.
#pragma once

#include "preload/unwind/eh_frame.h"

namespace cistern::preload {

// Looks for what the C library offers. Once, before the first search.
void prepare_code_search() noexcept;

// `start` is 0 when no module has code there.
CallFrameInfo find_code(uintptr_t pc) noexcept;

}  // namespace cistern::preload
