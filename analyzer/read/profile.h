// A profile: what one recording left behind, the process tree of it. Given X.cistern, the images are X.cistern itself
// and those in X.cistern.d/; given a file in such a folder, or a lone window, it is that one image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

struct Profile {
  std::string path;                // as it was given
  std::vector<Image> images;       // the first image first, the others in order of their start
  std::vector<std::string> notes;  // images that could not be read, one line each
};

// Errors: Failure, exit code 3, when `path` cannot be read; unreadable further images are notes.
Profile open_profile(const std::string& path);

// "PID-START_TICKS-NUMBER", the stem of an image's files in the folder.
std::string stem_of(const ImageIdentity& image);

}  // namespace cistern::analyzer
