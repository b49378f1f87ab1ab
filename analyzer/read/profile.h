// A profile: all process images of one recording. For X.cistern these are X.cistern itself and the images in
// X.cistern.d/. For a file in such a folder, or a single window, it is that one image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

struct Profile {
  std::string path;                // as the caller gave it
  std::vector<Image> images;       // the first image first, the others in order of their start
  std::vector<std::string> notes;  // why further images could not be read, one line each
};

// Errors: Failure, exit code 3, if `path` cannot be read. A further image that cannot be read is a note.
Profile open_profile(const std::string& path);

// "PID-START_TICKS-NUMBER": the stem of the names of an image's files in the folder.
std::string stem_of(const ImageIdentity& image);

}  // namespace cistern::analyzer
