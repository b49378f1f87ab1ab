// Epochs of definitions, in overwrite mode. When the profile's newest chunk is full, its oldest chunk is emptied, with
// the definitions in it. So each new chunk begins an epoch: the facts about the image and its threads are written
// again, and everything that a stack refers to is defined again when it is next used. The epoch record says from which
// time on everything is defined in the chunks that follow. Any thread inside the recorder that holds none of its locks.
#pragma once

#include "preload/recorder/recorder.h"

namespace cistern::preload {

// Whether a chunk has begun since the current epoch began. One comparison; never true in other modes.
inline bool epoch_due() noexcept {
  return __builtin_expect(
      g_recorder.segments.output.chunks_begun() != g_recorder.epoch.chunk.load(std::memory_order_relaxed), 0);
}

// When an image begins.
void begin_first_epoch() noexcept;
// Does nothing while another thread begins one.
void begin_next_epoch() noexcept;
// In a forked child.
void abandon_epochs() noexcept;

}  // namespace cistern::preload
