// What the headers of a loaded ELF module say, and the symbols in it. Not by dlsym: one that fails allocates its
// message on the program's heap, and RTLD_DEFAULT does not find what was loaded with RTLD_LOCAL. Any thread; nothing
// allocates or locks. Requires that the module stays loaded meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/loaded_modules.h"

namespace cistern::preload {

// Describes the module whose first mapping begins at `start`, except for its path. Returns false when no ELF header is
// there, or its program headers are not in the first page.
bool describe_module(uintptr_t start, LoadedModule& module) noexcept;

// Returns the address of the symbol `name` that `module` defines and exports, or nullptr.
void* find_symbol(const LoadedModule& module, const char* name) noexcept;

// Whether `module` refers to the symbol `name` of another module.
bool imports_symbol(const LoadedModule& module, const char* name) noexcept;

}  // namespace cistern::preload
