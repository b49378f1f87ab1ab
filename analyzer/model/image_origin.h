// How an image came to be.
#pragma once

#include <cstdint>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

enum class ImageOrigin : uint8_t {
  kFirst,    // nobody recorded above it
  kForked,   // goes on as its parent was, and may free what its parent allocated
  kExec,     // another program under the same process id
  kStarted,  // a program of its own in a process of its own: spawn, subprocess
};

ImageOrigin origin_of(const Image& image);
// "first", "fork", "exec", "start".
const char* name_of(ImageOrigin origin);

}  // namespace cistern::analyzer
