// Marks, start, stop and flush: from the public API, or from the mailbox in the window.
#pragma once

#include <cstdint>
#include <string_view>

#include "preload/recorder/thread_state.h"

namespace cistern::preload {

void mark(std::string_view name) noexcept;
void start_recording() noexcept;
void stop_recording() noexcept;
// Returns 0 or an errno value.
int flush() noexcept;

// Obeys a command that lies in the mailbox. Called now and then from inside the recorder.
void obey_mailbox(ThreadState& thread) noexcept;

}  // namespace cistern::preload
