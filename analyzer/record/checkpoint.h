// A checkpoint: a profile file with totals in the place of an image's events up to a moment, and all the rest: records,
// and the events from then on. It is made beside the image's packed file and takes its place at once, so that readers
// and whoever comes after a kill find the one before or this one, each with everything that the profile lacks.
// Errors: Failure; the packed file is then as it was.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/aggregate/aggregation.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

// Whether all of the image can be read. Of another one nothing is made totals of: the damage would be in them.
bool can_be_aggregated(const Image& image) noexcept;

// The latest moment up to which totals may stand for the events of an image that has ended: its end state, which
// reports tell of. Of one that was cut off, its last seconds stay, where they are few.
uint64_t last_cut(const Image& image);

// Puts a checkpoint of the image, with totals up to `until`, into `packed`. What lies in the window is not copied; it
// is in the totals all the same. Requires: can_be_aggregated(image).
Aggregation write_checkpoint(const Image& image, uint64_t until, const std::string& packed);

}  // namespace cistern::analyzer
