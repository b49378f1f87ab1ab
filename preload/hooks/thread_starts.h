// What the hook of pthread_create keeps for threads that are about to start.
#pragma once

namespace cistern::preload {

// In a forked child, where no thread is about to start: frees the lock.
void abandon_thread_starts() noexcept;

}  // namespace cistern::preload
