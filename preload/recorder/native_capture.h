// Native frames in recorded stacks: which blocks have them, and what walks need to know of the process. Cold.
#pragma once

namespace cistern::preload {

// As the options say. Once, before the first event.
void begin_native_capture() noexcept;
// The interpreter was found, or has been unloaded.
void find_evaluation_function() noexcept;
// dlclose was called: what was known of code that is gone is forgotten.
void forget_unloaded_code() noexcept;
// In a forked child.
void abandon_native_capture() noexcept;

}  // namespace cistern::preload
