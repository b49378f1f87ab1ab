#include "preload/capture/stack_end.h"

#include <pthread.h>

#include <initializer_list>

extern "C" void* __libc_stack_end;

namespace cistern::preload {

uintptr_t stack_end(uintptr_t stack_pointer) noexcept {
  const auto control_block = static_cast<uintptr_t>(pthread_self());
  const auto first_stack = reinterpret_cast<uintptr_t>(__libc_stack_end);
  uintptr_t end = 0;
  for (const uintptr_t candidate : {control_block, first_stack}) {
    if (candidate > stack_pointer && (end == 0 || candidate < end)) end = candidate;
  }
  return end;
}

}  // namespace cistern::preload
