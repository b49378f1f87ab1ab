// What the recorder asks of the rooms above it. Implemented in hooks/.
#pragma once

#include <cstdint>

#include "cistern/format/domain.h"

namespace cistern::preload {

// Puts hooks on the interpreter's allocators for the domains in `domains`. Idempotent. Requires hookable(g_python).
void install_python_hooks(DomainMask domains) noexcept;

// Instead of that, where nothing is recorded yet: learns what can only be seen before the interpreter has begun.
// Requires hookable(g_python).
void learn_python_allocators() noexcept;

// In a forked child: locks of the hooks are free again.
void abandon_hooks() noexcept;

// The interpreter has been unloaded, and its allocators with it.
void forget_python_hooks() noexcept;

// What the interpreter's allocators are underneath the hooks.
struct AllocatorFacts {
  const char* allocator = "unknown";  // "pymalloc", "malloc", "mimalloc"
  bool debug_layer = false;
};
AllocatorFacts python_allocator() noexcept;

}  // namespace cistern::preload
