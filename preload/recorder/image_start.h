// How an image begins: its identity, its files, and the records that come first. Cold. Called by the one thread that
// starts recording, or by the only thread of a forked child.
#pragma once

#include <cstdint>

namespace cistern::preload {

// Fills in the identity of this process. `number` counts the images that one process had, one for each exec.
void identify_image(uint32_t number) noexcept;

// Makes the profile and the window, and writes what is known at the beginning. Returns false when the files cannot be
// made: then recording has been declined, with a message where there should be one.
bool begin_image() noexcept;

// Programs that this process starts find in their environment which image started them; with follow=none they find
// nothing of Cistern's.
void prepare_child_environment() noexcept;

// From here on events are recorded, unless recording is paused.
void begin_events() noexcept;

}  // namespace cistern::preload
