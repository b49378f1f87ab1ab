// What happens before and after a fork, in both processes. Cold.
//
// A forked child has a copy of its parent's recorder, but none of its parent's other threads. Its image begins at its
// first event: the wiped recording switch leads that event to the slow path.
#pragma once

#include <sys/types.h>

namespace cistern::preload {

// The process is about to fork. Updates what depends on the loader: in the child its lock may be held by a thread that
// does not exist there. `caller` is the return address of the hook.
void fork_begins(const void* caller) noexcept;
// In the parent, after the fork; `child` is the new process.
void fork_in_parent(pid_t child) noexcept;
// In the child, after the fork. `libc_locks_free`: it was libc's fork(), which frees libc's locks in the child.
void fork_in_child(bool libc_locks_free) noexcept;

// In a forked child at its first event: begins its image. Does nothing in a process that has an image.
void begin_image_of_child() noexcept;

// In a forked child: closes the parent's files and forgets its threads; every lock of the library is free afterwards.
// Libc's locks are not, unless libc's fork() made the child.
void abandon_parent() noexcept;

}  // namespace cistern::preload
