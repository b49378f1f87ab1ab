// Further business of threads, beside attach_thread().
#pragma once

#include "preload/recorder/thread_state.h"

namespace cistern::preload {

// The calling thread's start routine has returned. Its late frees are still recorded.
void thread_returned() noexcept;
// Writes the thread's name if it has changed.
void write_thread_name(ThreadState& state) noexcept;
// In a forked child: none of the parent's threads is there, and the caller starts anew.
void abandon_threads() noexcept;

}  // namespace cistern::preload
