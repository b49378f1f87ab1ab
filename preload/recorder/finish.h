// How an image ends. Cold. Any thread, also in a signal handler.
#pragma once

#include <cstdint>

#include "cistern/format/image_records.h"

namespace cistern::preload {

// Ends the image's profile: writes what is known at the end, finalizes the window into the profile, and removes the
// window if every other thread could be waited for. Events that come later are written straight to the profile. `how`
// and `code` as in EndRecord. Does nothing in a process that is not recorded.
void finish_image(EndKind how, int64_t code) noexcept;
// Where recording has stopped (has_stopped() in recorder.h): the window notes how the image ended.
void note_end_after_stop(EndKind how, int64_t code) noexcept;

}  // namespace cistern::preload
