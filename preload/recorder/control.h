// Marks, start, stop and flush, requested by the public API or by another process through the mailbox in the window.
// Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "preload/recorder/thread_state.h"

namespace cistern::preload {

void mark(std::string_view name) noexcept;
void start_recording() noexcept;
void stop_recording() noexcept;
// Writes everything recorded so far to the profile, except the open segments of other threads. Returns 0 or an errno
// value.
int flush() noexcept;

// Executes the command in the mailbox, if there is a new one. Called every few events, inside the recorder.
void execute_mailbox_command(ThreadState& thread) noexcept;

}  // namespace cistern::preload
