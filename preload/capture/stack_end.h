// The end of the running thread's native stack, which a walk must not leave. Any thread.
#pragma once

#include <cstdint>

namespace cistern::preload {

// Returns the address behind the stack that `stack_pointer` lies in; 0 when it is not known. A thread's control block
// lies above its stack, whether pthread_create made the stack or the program passed one (glibc 2.36,
// nptl/allocatestack.c). The main thread's stack ends at __libc_stack_end (elf/dl-support.c). On a stack that the
// program switched to itself the result may be too high.
uintptr_t stack_end(uintptr_t stack_pointer) noexcept;

}  // namespace cistern::preload
