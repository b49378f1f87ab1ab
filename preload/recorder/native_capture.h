// Setup of native frames in recorded stacks: which blocks get them, and what walks need to know about the process.
// Cold.
#pragma once

namespace cistern::preload {

// As the options say. Called once, before the first event.
void begin_native_capture() noexcept;
// The interpreter was found, or has been unloaded: finds its function that evaluates frames.
void find_evaluation_function() noexcept;
// dlclose was called: forgets unwind rules of code that has been unloaded.
void forget_unloaded_code() noexcept;
// In a forked child.
void abandon_native_capture() noexcept;

}  // namespace cistern::preload
