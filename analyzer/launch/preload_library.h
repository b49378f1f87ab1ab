// Where libcistern_preload.so is, and how it gets into LD_PRELOAD.
#pragma once

#include <string>

namespace cistern::analyzer {

// The absolute path of the library: `given` unless that is empty, else that of this very build or installation, found
// from /proc/self/exe. Errors: Failure, exit code 125.
std::string find_preload_library(const std::string& given);

// LD_PRELOAD with `library` first and everything of `inherited` behind it, in its order. First, because the library
// finds the allocator below it by RTLD_NEXT: a jemalloc that is preloaded too must come later in the search order, or
// it would serve every call before we saw it. Nothing that was there is dropped.
// Errors: Failure, exit code 125, when the path has a character that LD_PRELOAD takes for a separator.
std::string preload_value(const std::string& library, const std::string& inherited);

}  // namespace cistern::analyzer
