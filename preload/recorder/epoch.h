// Overwrite mode: the profile's oldest chunk is given up when the newest is full, with the definitions in it. So with
// each new chunk definitions begin anew: facts about the image and its threads are written again, and whatever a stack
// needs is defined again when it is next used. A horizon record in front says from when on everything is defined behind
// it. Any thread inside the recorder that holds no lock of it.
#pragma once

#include "preload/recorder/recorder.h"

namespace cistern::preload {

// Whether a chunk was begun since. One comparison; never true in the other modes.
inline bool epoch_due() noexcept {
  return __builtin_expect(
      g_recorder.segments.output.chunks_begun() != g_recorder.epoch.chunk.load(std::memory_order_relaxed), 0);
}

// At the beginning of an image.
void begin_first_epoch() noexcept;
// Does nothing while another thread is at it.
void begin_next_epoch() noexcept;
// In a forked child.
void abandon_epochs() noexcept;

}  // namespace cistern::preload
