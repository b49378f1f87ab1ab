// Loaded ELF modules, and symbols in them, without dlsym: a failing dlsym allocates its message on the program's heap,
// and RTLD_DEFAULT does not see what was loaded with RTLD_LOCAL. Any thread. for_each_module takes the loader's short
// write lock (dl_iterate_phdr, glibc elf/dl-iteratephdr.c); nothing here allocates.
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
  const void* data = nullptr;  // what its file has of its writable segment, the last where there are several
  size_t data_bytes = 0;
  const void* dynamic = nullptr;  // its PT_DYNAMIC, nullptr for a static executable
  std::string_view build_id;      // raw bytes
  uint64_t loads = 0;             // modules that the process ever loaded, and unloaded: changes when the list does
  uint64_t unloads = 0;
};

// Calls `visit(context, module)` for each module until it returns false.
void for_each_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept;

// The address of the symbol `name` that `module` defines and exports, or nullptr.
void* find_symbol(const LoadedModule& module, const char* name) noexcept;

// Whether `module` refers to the symbol `name` of another one.
bool imports_symbol(const LoadedModule& module, const char* name) noexcept;

// Whether the code at `address` belongs to the dynamic loader.
bool in_loader(const void* address) noexcept;

}  // namespace cistern::preload
