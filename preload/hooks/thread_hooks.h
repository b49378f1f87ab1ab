// The hooks of pthread_create and pthread_exit. The stack of a new thread continues, past a boundary, with the stack
// that started it. After pthread_exit the thread's state may soon be reused.
#pragma once

namespace cistern::preload {

// In a forked child, where no thread is about to start: frees the lock of the records of threads that start.
void abandon_thread_starts() noexcept;

}  // namespace cistern::preload
