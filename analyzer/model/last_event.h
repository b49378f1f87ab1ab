// When an image's last event was, without replaying it: sealed segments say so in their headers, and only those that a
// killed process left unsealed are decoded.
#pragma once

#include <cstdint>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// 0 when there is no event.
uint64_t last_event_time(const Image& image);

}  // namespace cistern::analyzer
