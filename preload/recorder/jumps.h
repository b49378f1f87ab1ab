// A signal handler of the program may leave a hook by siglongjmp(): cysignals does so when a computation is
// interrupted. What the hook would have put back stays as it is. The next hook of the thread notices it. Cold.
#pragma once

#include <errno.h>

namespace cistern::preload {

// The failure that stops recording when a jump left a lock of the library; no file operation fails with this errno
// value.
constexpr int kLeftByJump = EINTR;

struct ThreadState;

// Called in a hook whose stack pointer is not below that of the hooked call that the thread is in. Returns whether that
// call was left by a jump, so that this one is not nested: then the thread is in none, and one event counts as lost.
bool recover_from_jump() noexcept;

// Whether the thread is not where it was marked busy, nor in a signal handler that interrupted it there: then it has
// left the recorder by a jump.
bool has_left_recorder(const ThreadState& thread) noexcept;

// The thread left the recorder while it recorded an event. Returns whether the thread can record again, from the
// beginning of a new segment; otherwise recording has stopped for good, because the thread held a lock of the library
// and what that guards is not whole. Counts one lost event.
bool recover_recorder(ThreadState& thread) noexcept;

}  // namespace cistern::preload
