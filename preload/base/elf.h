// Loaded ELF modules, and the symbols in them. Not by dlsym: one that fails allocates its message on the program's
// heap, and RTLD_DEFAULT does not find what was loaded with RTLD_LOCAL. Any thread; nothing allocates.
// for_each_module() takes the loader's short write lock (dl_iterate_phdr, glibc 2.36, elf/dl-iteratephdr.c).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern::preload {

struct LoadedModule {
  std::string_view path;       // empty for the executable
  uintptr_t base = 0;          // load bias
  uintptr_t start = 0;         // lowest mapped address
  uintptr_t end = 0;           // behind the highest
  const void* data = nullptr;  // the part of its last writable segment that its file has
  size_t data_bytes = 0;
  const void* dynamic = nullptr;  // PT_DYNAMIC; nullptr for a static executable
  std::string_view build_id;      // raw bytes
  uint64_t loads = 0;             // modules that were loaded so far, and unloaded: changes whenever the list changes
  uint64_t unloads = 0;
};

// Calls `visit(context, module)` for each module until it returns false.
void for_each_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept;

// Returns the address of the symbol `name` that `module` defines and exports, or nullptr.
void* find_symbol(const LoadedModule& module, const char* name) noexcept;

// Whether `module` refers to the symbol `name` of another module.
bool imports_symbol(const LoadedModule& module, const char* name) noexcept;

// Whether the code at `address` belongs to the dynamic loader.
bool in_loader(const void* address) noexcept;

}  // namespace cistern::preload
