// What the threads hook keeps for threads that are being started.
#pragma once

namespace cistern::preload {

// In a forked child: none is.
void abandon_thread_starts() noexcept;

}  // namespace cistern::preload
