// Which processes of a recording have no profile, although they should have one. Child and process records say who was
// forked and what was executed; the profiles that exist, and the list of programs without Python, say what became of
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// Sets Image::missing_images of each image: the processes that it, or its process, started. `folder` has the further
// images' files. Looks into the files of programs that left no sign, to see whether they could have Python.
void find_missing_images(std::vector<Image>& images, const std::string& folder);

}  // namespace cistern::analyzer
