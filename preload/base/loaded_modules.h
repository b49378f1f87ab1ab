// Which ELF modules are loaded, found without the loader: no function here takes a lock of the loader or waits for a
// thread that holds one. A thread that is inside dl_iterate_phdr() holds such a lock while its callback runs, and the
// callback may wait for anything, such as the GIL that the caller of a hook has (seen with threadpoolctl). Any thread;
// nothing allocates on the program's heap.
//
// With glibc 2.35 and later _dl_find_object() answers for an address, without a lock. Before, and for lists, the kernel
// does: /proc/self/maps. What the headers of a module say is read from memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern::preload {

struct LoadedModule {
  std::string_view path;       // empty for the executable
  bool executable = false;     // the program itself
  uintptr_t base = 0;          // load bias
  uintptr_t start = 0;         // lowest mapped address
  uintptr_t end = 0;           // behind the highest
  const void* data = nullptr;  // the part of its last writable segment that its file has
  size_t data_bytes = 0;
  const void* dynamic = nullptr;  // PT_DYNAMIC; nullptr for a static executable
  std::string_view build_id;      // raw bytes
  const uint8_t* eh_frame_header = nullptr;
};

// Calls `visit(context, module)` for each module of the loader's list, in the order in which symbols are searched,
// until it returns false. Only `path`, `base` and `dynamic` are known. Only at the start, before the program can unload
// one.
void for_each_module_at_start(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept;

// Finds out what the C library offers. Once, at the start; until then the kernel answers.
void prepare_module_search() noexcept;

// Returns false when no module is at `address`, or module_search_is_cheap() is false.
struct CodeRange {
  const uint8_t* eh_frame_header = nullptr;
  uintptr_t start = 0;
  uintptr_t end = 0;
};
bool find_code_range(uintptr_t address, CodeRange& range) noexcept;

// Calls `visit(context, module)` for the module that the code at `address` belongs to. `module` is valid during the
// call. Returns whether there is such a module. Requires that the module cannot be unloaded meanwhile: the code is on
// the caller's stack, or a ModuleReading exists.
bool visit_module_at(uintptr_t address, void (*visit)(void* context, const LoadedModule& module),
                     void* context) noexcept;

// Whether visit_module_at() needs no system call.
bool module_search_is_cheap() noexcept;

// Calls `visit(context, module)` for each module until it returns false. Returns false when the list is not known,
// because another thread is unloading a module or the kernel does not answer: the caller asks again later.
bool for_each_module(bool (*visit)(void* context, const LoadedModule& module), void* context) noexcept;

// While it exists and holds, dlclose() of another thread does not begin, so that what is read of modules stays mapped.
// It does not hold while a dlclose() runs. Never waits.
class ModuleReading {
 public:
  ModuleReading() noexcept;
  ~ModuleReading();
  explicit operator bool() const noexcept { return held_; }
  ModuleReading(const ModuleReading&) = delete;
  ModuleReading& operator=(const ModuleReading&) = delete;

 private:
  bool held_;
};

// Around the real dlclose(). The first waits, for a short time, until no other thread reads modules.
void unloading_begins() noexcept;
void unloading_ends() noexcept;

// In a forked child.
void abandon_module_reading() noexcept;

// Whether the code at `address` belongs to the dynamic loader.
bool in_loader(const void* address) noexcept;

// For tests: goes on as with a C library that has no _dl_find_object().
void forget_find_object() noexcept;

}  // namespace cistern::preload
