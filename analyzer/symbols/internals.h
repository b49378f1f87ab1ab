// Recognizes internal modules and functions: those of the interpreter, the loader and the recorder. Stacks leave their
// frames out unless --internals is given.
#pragma once

#include <string_view>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// By the path in the image's interpreter record, or by name: python3.11, libpython3.13.so.1.0, ld-linux-x86-64.so.2,
// libcistern_preload.so.
bool is_internal(const Image& image, std::string_view module_path);
// By name only.
bool is_internal(std::string_view module_path);
bool is_libc(std::string_view module_path);
// Whether a function calls main() or the start function of a thread, such as _start and start_thread. Such functions
// are the outermost frames of every stack.
bool begins_stacks(std::string_view function);

}  // namespace cistern::analyzer
