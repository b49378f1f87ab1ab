#include "preload/hooks/should_record.h"

#include "preload/hooks/pymalloc.h"
#include "preload/hooks/thread_hooks.h"

namespace cistern::preload {
namespace {

void abandon_hooks() noexcept {
  abandon_python_hooks();
  abandon_thread_starts();
}

}  // namespace

constinit const HookCallbacks kHookCallbacks = {
    .install_python_hooks = install_python_hooks,
    .note_python_allocators = note_python_allocators,
    .forget_python_hooks = forget_python_hooks,
    .python_allocator = python_allocator,
    .abandon_hooks = abandon_hooks,
};

}  // namespace cistern::preload
