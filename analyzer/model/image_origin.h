// How an image was created.
#pragma once

#include <cstdint>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

enum class ImageOrigin : uint8_t {
  kFirst,    // has no recorded parent
  kForked,   // a copy of its parent; it may free blocks of its parent
  kExec,     // another program under the same process id
  kStarted,  // a new program in a new process: spawn, subprocess
};

ImageOrigin origin_of(const Image& image);
// "first", "fork", "exec", "start".
const char* name_of(ImageOrigin origin);

}  // namespace cistern::analyzer
