// The processor that the preload library is compiled for. This is the only file that chooses an architecture, and
// preload/arch is the only folder with code for one: a port adds a folder beside x86_64 and a branch here. All headers
// below are inline code and constants; nothing in them allocates or changes errno. preload/README.md says what each
// header has to supply.
#pragma once

#if defined(__x86_64__)
#include "preload/arch/x86_64/dlopen_stub.h"
#include "preload/arch/x86_64/getter_code.h"
#include "preload/arch/x86_64/processor.h"
#include "preload/arch/x86_64/stack_layout.h"
#include "preload/arch/x86_64/system_call.h"
#else  // what this processor lacks
#error "preload/arch: no system_call.h: raw_syscall()"
#error "preload/arch: no processor.h: kElfMachine, kPageBytes, cycle_counter(), spin_pause(), differs()"
#error "preload/arch: no stack_layout.h: registers, ucontext_t, return_address_place(), own frame"
#error "preload/arch: no getter_code.h: returned_global(), returned_thread_local()"
#error "preload/arch: no dlopen_stub.h: CISTERN_SET_FLAG_AND_JUMP"
#endif

namespace cistern::preload {

// Whether what raw_syscall() returned is -errno.
constexpr bool is_error(long result) noexcept {
  return result < 0 && result >= -4095;
}

}  // namespace cistern::preload
