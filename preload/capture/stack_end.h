// Where the running thread's native stack ends, for a walk that must not leave it.
#pragma once

#include <cstdint>

namespace cistern::preload {

// The address behind the stack that `stack_pointer` lies in; 0 when it is not known. The thread's control block lies
// above the stack that pthread_create made or was given (glibc, nptl/allocatestack.c), the main thread's stack ends at
// __libc_stack_end (elf/dl-support.c). On a stack that the program made for itself the answer may be too high.
uintptr_t stack_end(uintptr_t stack_pointer) noexcept;

}  // namespace cistern::preload
