// Further business of threads, beside attach_thread().
#pragma once

#include <string_view>

#include "preload/recorder/thread_state.h"

namespace cistern::preload {

// The calling thread's start routine has returned, or it called pthread_exit. Its late frees are still recorded.
void thread_ends() noexcept;
// Whether nothing will come from the state's thread any more: asks the kernel.
bool is_dead(const ThreadState& state) noexcept;
// Writes the record that says who a thread is. Requires the lock of threads.
void introduce_thread(const ThreadState& state, std::string_view name) noexcept;
// Writes the thread's name if it has changed.
void write_thread_name(ThreadState& state) noexcept;
// In a forked child: none of the parent's threads is there, and the caller starts anew.
void abandon_threads() noexcept;

}  // namespace cistern::preload
