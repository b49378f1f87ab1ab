// Which modules say nothing of a program: its interpreter, the loader, and what records it. Their frames are left out
// of stacks unless somebody asks for them.
#pragma once

#include <string_view>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// By the interpreter's record, or by its name: python3.11, libpython3.13.so.1.0, ld-linux-x86-64.so.2, our own library.
bool is_internal(const Image& image, std::string_view module_path);
// By its name alone.
bool is_internal(std::string_view module_path);
bool is_libc(std::string_view module_path);
// Whether a function of libc's, or of what is linked to every program, is what main() or a thread's function is called
// by: it begins every stack.
bool begins_stacks(std::string_view function);

}  // namespace cistern::analyzer
