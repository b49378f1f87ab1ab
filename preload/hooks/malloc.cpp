// The hooks of the malloc family. Each calls the real function and records the result; a call that is nested in another
// hooked call is only passed on. reallocarray, strdup and asprintf need no hooks: they call these functions.
// malloc_usable_size needs none either: blocks are libc's own and have no header of this library.
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "preload/base/real.h"
#include "preload/hooks/call_site.h"
#include "preload/hooks/interpose.h"
#include "preload/hooks/pymalloc.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/events.h"

using namespace cistern;
using namespace cistern::preload;

namespace {

constexpr Domain kDomain = Domain::kMalloc;

// Calls the real allocation function and records its block.
template <typename Allocate>
inline void* allocate(size_t size, CallSite site, Allocate real) noexcept {
  if (!should_record(kDomain, site.caller)) return real();
  void* block;
  {
    const OutermostGuard guard;
    block = real();
  }
  if (block != nullptr) record_alloc(kDomain, block, size, site.frame);
  check_python_hooks(site.caller);
  return block;
}

// A free is recorded before the real call: after it another thread may own the address.
template <typename Free>
inline void release(void* block, const void* caller, Free real) noexcept {
  if (block == nullptr || in_bootstrap_pool(block)) return;
  if (!should_record(kDomain, caller)) return real();
  record_free(kDomain, block);
  const OutermostGuard guard;
  real();
}

// Moves a block of the bootstrap pool to the real heap.
void* move_from_bootstrap_pool(void* block, size_t size, CallSite site) noexcept {
  void* const made = allocate(size, site, [size] { return g_real.malloc(size); });
  const size_t old = bootstrap_size(block);
  if (made != nullptr) __builtin_memcpy(made, block, old < size ? old : size);
  return made;
}

}  // namespace

CISTERN_EXPORT void* malloc(size_t size) noexcept {
  return allocate(size, CISTERN_CALL_SITE, [size] { return g_real.malloc(size); });
}

CISTERN_EXPORT void* calloc(size_t count, size_t size) noexcept {
  return allocate(count * size, CISTERN_CALL_SITE, [count, size] { return g_real.calloc(count, size); });
}

CISTERN_EXPORT void* realloc(void* block, size_t size) noexcept {
  if (in_bootstrap_pool(block)) return move_from_bootstrap_pool(block, size, CISTERN_CALL_SITE);
  if (block == nullptr) return allocate(size, CISTERN_CALL_SITE, [size] { return g_real.realloc(nullptr, size); });
  if (!should_record(kDomain, CISTERN_CALLER)) return g_real.realloc(block, size);
  if (size == 0) {
    // glibc frees the block (malloc.c, __libc_realloc, REALLOC_ZERO_BYTES_FREES); another allocator may return one of 0
    // bytes.
    record_free(kDomain, block);
    void* kept;
    {
      const OutermostGuard guard;
      kept = g_real.realloc(block, 0);
    }
    if (kept != nullptr) record_alloc(kDomain, kept, 0, CISTERN_OWN_FRAME);
    return kept;
  }
  const uint64_t begin_time = now();
  void* moved;
  {
    const OutermostGuard guard;
    moved = g_real.realloc(block, size);
  }
  if (moved != nullptr) record_realloc(kDomain, begin_time, block, moved, size, CISTERN_OWN_FRAME);
  return moved;
}

CISTERN_EXPORT void free(void* block) noexcept {
  release(block, CISTERN_CALLER, [block] { g_real.free(block); });
}

CISTERN_EXPORT void cfree(void* block) noexcept {
  release(block, CISTERN_CALLER, [block] { g_real.free(block); });
}

CISTERN_EXPORT void free_sized(void* block, size_t size) noexcept {
  release(block, CISTERN_CALLER,
          [block, size] { g_real.free_sized != nullptr ? g_real.free_sized(block, size) : g_real.free(block); });
}

CISTERN_EXPORT void free_aligned_sized(void* block, size_t alignment, size_t size) noexcept {
  release(block, CISTERN_CALLER, [block, alignment, size] {
    g_real.free_aligned_sized != nullptr ? g_real.free_aligned_sized(block, alignment, size) : g_real.free(block);
  });
}

CISTERN_EXPORT void* memalign(size_t alignment, size_t size) noexcept {
  return allocate(size, CISTERN_CALL_SITE, [alignment, size] { return g_real.memalign(alignment, size); });
}

CISTERN_EXPORT void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return allocate(size, CISTERN_CALL_SITE, [alignment, size] { return g_real.aligned_alloc(alignment, size); });
}

CISTERN_EXPORT int posix_memalign(void** block, size_t alignment, size_t size) noexcept {
  int error = 0;
  void* made = nullptr;
  allocate(size, CISTERN_CALL_SITE, [&error, &made, alignment, size] {
    error = g_real.posix_memalign(&made, alignment, size);
    return error == 0 ? made : nullptr;
  });
  if (error == 0) *block = made;
  return error;
}

CISTERN_EXPORT void* valloc(size_t size) noexcept {
  resolve_real_functions();
  return allocate(size, CISTERN_CALL_SITE, [size] { return g_real.valloc(size); });
}

CISTERN_EXPORT void* pvalloc(size_t size) noexcept {
  resolve_real_functions();
  return allocate(size, CISTERN_CALL_SITE, [size] { return g_real.pvalloc(size); });
}
