// What happens around exec, which ends the image and may begin another one in the same process. Cold. Any thread.
#pragma once

namespace cistern::preload {

// The process is about to be replaced. Writes the end of the image; what was published stays in the window.
void exec_begins() noexcept;
// exec has returned, so the image goes on. Takes back what exec_begins() wrote.
void exec_failed() noexcept;

}  // namespace cistern::preload
