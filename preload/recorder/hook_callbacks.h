// What the recorder calls in hooks/. The recorder links without hooks: the caller that starts it passes this table.
// Without hooks (in tests) every callback does nothing.
#pragma once

#include <cstdint>

#include "cistern/format/domain.h"

namespace cistern::preload {

// Which allocators the interpreter has below the hooks.
struct AllocatorFacts {
  const char* allocator = "unknown";  // "pymalloc", "malloc", "mimalloc"
  bool debug_layer = false;
};

struct HookCallbacks {
  // Puts hooks on the interpreter's allocators for `domains`. Idempotent. Requires hookable(g_python).
  void (*install_python_hooks)(DomainMask domains) noexcept = [](DomainMask) noexcept {};
  // Called instead where nothing is recorded yet: notes which allocators the interpreter has before it is initialized.
  // Requires hookable(g_python).
  void (*note_python_allocators)() noexcept = []() noexcept {};
  // The interpreter has been unloaded, and its allocators with it.
  void (*forget_python_hooks)() noexcept = []() noexcept {};
  // Requires hookable(g_python).
  AllocatorFacts (*python_allocator)() noexcept = []() noexcept { return AllocatorFacts{}; };
  // In a forked child, which has one thread: frees the locks of the hooks.
  void (*abandon_hooks)() noexcept = []() noexcept {};
};
inline constexpr HookCallbacks kNoHooks;

}  // namespace cistern::preload
