// The real functions behind the hooks: what RTLD_NEXT finds, which is libc's, or that of an allocator that is preloaded
// after this library. They are resolved at the first use. dlsym may itself call calloc: until it returns, requests are
// served from a small static pool, the bootstrap pool, whose blocks free() ignores. Any thread.
#pragma once

#include <dlfcn.h>
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "preload/base/hooked_functions.h"

namespace cistern::preload {

struct RealFunctions {
#define CISTERN_REAL_FUNCTION(name, type) std::type_identity_t<type>* name = nullptr;
  CISTERN_HOOKED_FUNCTIONS(CISTERN_REAL_FUNCTION)
  CISTERN_NEWER_HOOKED_FUNCTIONS(CISTERN_REAL_FUNCTION)
  CISTERN_CALLED_FUNCTIONS(CISTERN_REAL_FUNCTION)
#undef CISTERN_REAL_FUNCTION
};
extern RealFunctions g_real;

// Resolves all of them. Idempotent; a call that arrives while another one runs returns at once.
void resolve_real_functions() noexcept;

// Whether `block` is from the bootstrap pool.
bool in_bootstrap_pool(const void* block) noexcept;
// Returns the requested bytes of a block of the bootstrap pool.
size_t bootstrap_size(const void* block) noexcept;
// Returns how many blocks the bootstrap pool has served.
uint64_t bootstrap_blocks() noexcept;

}  // namespace cistern::preload

// Where the hook of dlopen jumps (hooks/loader.cpp). Constant-initialised to a function that resolves first.
extern "C" {
extern void* (*cistern_real_dlopen)(const char*, int);
}
