// The threads of the image: each gets a ThreadState at its first event. States are never freed; the state of a dead
// thread is reaped (its segment sealed) and reused by a new thread. Any thread, inside the recorder.
#pragma once

#include <string_view>

#include "preload/recorder/thread_state.h"

namespace cistern::preload {

// Makes the calling thread's state. Returns nullptr when there is no memory or no slot in the window. Cold.
ThreadState* attach_thread() noexcept;
// The calling thread's start routine has returned, or it called pthread_exit. Frees that come later are still recorded.
void thread_ends() noexcept;
// Whether the state's thread does not exist any more. Asks the kernel.
bool is_dead(const ThreadState& state) noexcept;
// Writes the record that identifies a thread. Requires g_recorder.threads_lock.
void write_thread_record(const ThreadState& state, std::string_view name) noexcept;
// Writes the thread's name if it has changed.
void write_thread_name(ThreadState& state) noexcept;
// The interpreter has been unloaded: every thread searches for the GIL's holder again.
void forget_thread_holders() noexcept;
// In a forked child, where only the calling thread exists, whose state is made again.
void abandon_threads() noexcept;

}  // namespace cistern::preload
