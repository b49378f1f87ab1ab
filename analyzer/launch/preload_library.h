// Finds libcistern_preload.so and composes LD_PRELOAD.
#pragma once

#include <string>

namespace cistern::analyzer {

// The absolute path of the library: `given`, or if that is empty the library of this build or installation, relative to
// /proc/self/exe. Errors: Failure, exit code 125.
std::string find_preload_library(const std::string& given);

// LD_PRELOAD with `library` first and all of `inherited` behind it. First, because the library finds the allocator by
// RTLD_NEXT: a preloaded jemalloc must come later, or it would get the calls instead of the library.
// Errors: Failure, exit code 125, when the path contains a character that separates entries in LD_PRELOAD.
std::string preload_value(const std::string& library, const std::string& inherited);

}  // namespace cistern::analyzer
