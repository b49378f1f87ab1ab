// Images whose end was sudden (a signal, or an unknown end), and the last seconds before it.
#pragma once

#include <cstdint>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// Whether a signal ended the image, or how it ended is unknown.
bool was_cut_off(const Image& image);

// Nanoseconds from the image's start to its last event; 0 when there is none.
int64_t last_event_ns(const Image& image);

// When the last seconds begin, in the image's ticks: ten seconds before the last event, or a tenth of the run where
// that is shorter.
uint64_t last_seconds_begin(const Image& image);

}  // namespace cistern::analyzer
