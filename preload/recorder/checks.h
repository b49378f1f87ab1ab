// In the checking build only (CISTERN_CHECK_STACKS): compares every captured stack with a full walk, and what was found
// on the way with what the interpreter and libunwind report. Called by the thread whose stack was captured, inside the
// recorder.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/recorder/thread_state.h"

namespace cistern::preload {

// The Python stack that was captured from the frame `innermost` of the thread state `tstate`.
void check_stack(ThreadState& thread, const uint8_t* innermost, const uint8_t* tstate, StackId stack) noexcept;
// `tstate` was found to hold the GIL. Requires the GIL, or to be attached.
void check_holder(const ThreadState& thread, const uint8_t* tstate) noexcept;
// The stack `stack`, which has the native frames that call the hook whose CISTERN_OWN_FRAME is `frame` below the Python
// stack `python`.
void check_native_stack(ThreadState& thread, const void* frame, const uint8_t* tstate, StackId python,
                        StackId stack) noexcept;

// Appends a line such as "captures N mismatches M …" to the file that the environment variable CISTERN_CHECK_REPORT
// names.
void report_checks() noexcept;

}  // namespace cistern::preload
