// The hooks of the mmap family, for calls of the program and its libraries. Libc's own calls (malloc's heaps, thread
// stacks) do not pass through hooks. Nested calls, such as those of another preloaded allocator, are only passed on.
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/base/real.h"
#include "preload/hooks/call_site.h"
#include "preload/hooks/interpose.h"
#include "preload/hooks/pymalloc.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/events.h"

using namespace cistern;
using namespace cistern::preload;

namespace {

constexpr Domain kDomain = Domain::kMmap;

uint32_t flags_of(int protection, int flags) noexcept {
  uint32_t result = 0;
  if ((flags & MAP_ANONYMOUS) == 0) result |= map_flag::kFile;
  if ((flags & MAP_TYPE) != MAP_PRIVATE) result |= map_flag::kShared;
  if ((flags & (MAP_STACK | MAP_GROWSDOWN)) != 0) result |= map_flag::kStack;
  if (protection == PROT_NONE) result |= map_flag::kNoAccess;
  if ((protection & PROT_EXEC) != 0) result |= map_flag::kExecutable;
  return result;
}

void* map(void* address, size_t size, int protection, int flags, int fd, off_t offset, CallSite site) noexcept {
  if (!should_record(kDomain, site.caller)) return g_real.mmap(address, size, protection, flags, fd, offset);
  void* result;
  {
    const OutermostGuard guard;
    result = g_real.mmap(address, size, protection, flags, fd, offset);
  }
  if (result != MAP_FAILED) record_map(result, size, flags_of(protection, flags), site.frame);
  check_python_hooks(site.caller);
  return result;
}

// The break has moved from `before` to `after`.
void record_break(const char* before, const char* after, const void* frame) noexcept {
  if (after > before) record_map(before, static_cast<size_t>(after - before), map_flag::kBreak, frame);
  if (after < before) record_unmap(after, static_cast<size_t>(before - after));
}

char* current_break() noexcept {
  return static_cast<char*>(g_real.sbrk(0));
}

}  // namespace

CISTERN_EXPORT void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return map(address, size, protection, flags, fd, offset, CISTERN_CALL_SITE);
}

CISTERN_EXPORT void* mmap64(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return map(address, size, protection, flags, fd, offset, CISTERN_CALL_SITE);
}

CISTERN_EXPORT int munmap(void* address, size_t size) noexcept {
  if (!should_record(kDomain, CISTERN_CALLER)) return g_real.munmap(address, size);
  // Recorded before the real call, like a free. A munmap that fails has an invalid argument and unmaps nothing.
  const bool valid = (reinterpret_cast<uintptr_t>(address) % kPageBytes) == 0 && size != 0;
  if (valid) record_unmap(address, size);
  const OutermostGuard guard;
  return g_real.munmap(address, size);
}

CISTERN_EXPORT void* mremap(void* address, size_t old_size, size_t size, int flags, ...) noexcept {
  void* wanted = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list rest;
    va_start(rest, flags);
    wanted = va_arg(rest, void*);
    va_end(rest);
  }
  resolve_real_functions();
  if (!should_record(kDomain, CISTERN_CALLER)) return g_real.mremap(address, old_size, size, flags, wanted);
  const uint64_t begin_time = now();
  void* result;
  {
    const OutermostGuard guard;
    result = g_real.mremap(address, old_size, size, flags, wanted);
  }
  if (result != MAP_FAILED) record_remap(begin_time, address, old_size, result, size, 0, CISTERN_OWN_FRAME);
  return result;
}

CISTERN_EXPORT int brk(void* address) noexcept {
  resolve_real_functions();
  if (!should_record(kDomain, CISTERN_CALLER)) return g_real.brk(address);
  const char* before;
  int result;
  {
    const OutermostGuard guard;
    before = current_break();
    result = g_real.brk(address);
  }
  if (result == 0) record_break(before, static_cast<const char*>(address), CISTERN_OWN_FRAME);
  return result;
}

CISTERN_EXPORT void* sbrk(intptr_t increment) noexcept {
  resolve_real_functions();
  if (increment == 0 || !should_record(kDomain, CISTERN_CALLER)) return g_real.sbrk(increment);
  void* before;
  {
    const OutermostGuard guard;
    before = g_real.sbrk(increment);
  }
  if (before != reinterpret_cast<void*>(-1)) {
    record_break(static_cast<const char*>(before), static_cast<const char*>(before) + increment, CISTERN_OWN_FRAME);
  }
  return before;
}
