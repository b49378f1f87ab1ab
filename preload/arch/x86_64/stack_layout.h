// Native stack frames on x86-64 (System V ABI, AMD64 supplement, 3.2.2 and 3.6.2).
//
//     higher addresses
//                      caller's frame
//     CFA          ->  stack pointer of the caller before its call: the canonical frame address
//     CFA - 8          return address                  return_address_place(CFA)
//     CFA - 16         caller's frame pointer, in functions that keep one       <- CISTERN_OWN_FRAME
//     lower addresses
#pragma once

#include <cstdint>

namespace cistern::preload {

// DWARF's numbers of registers.
constexpr uint8_t kFramePointerRegister = 6;
constexpr uint8_t kStackPointerRegister = 7;
constexpr uint8_t kReturnAddressRegister = 16;

// Where the return address lies, in bytes from the canonical frame address. Always there: `call` pushes it.
constexpr int64_t kReturnAddressOffset = -8;
constexpr uintptr_t return_address_place(uintptr_t frame_address) noexcept {
  return frame_address - sizeof(uintptr_t);
}

// Where a signal frame's ucontext_t keeps the interrupted registers, in bytes from its beginning, which is where the
// stack pointer of the frame points (glibc 2.36, sysdeps/unix/sysv/linux/x86/sys/ucontext.h: uc_mcontext.gregs).
constexpr uint16_t kContextFramePointer = 120;
constexpr uint16_t kContextStackPointer = 160;
constexpr uint16_t kContextPc = 168;

// The calling function's own frame, from which a walk of its callers begins. Makes the function keep a frame pointer.
#define CISTERN_OWN_FRAME __builtin_frame_address(0)
// The stack pointer of the function that this is inlined into.
[[gnu::always_inline]] inline uintptr_t stack_pointer() noexcept {
  uintptr_t value;
  asm volatile("movq %%rsp, %0" : "=r"(value));
  return value;
}
// Stores the stack pointer to the word `place`, in one instruction.
#define CISTERN_STORE_STACK_POINTER(place) asm volatile("movq %%rsp, %0" : "=m"(place))
// What lies at CISTERN_OWN_FRAME, in words. The caller's frame begins behind the last of them.
constexpr int kCallersFramePointerWord = 0;
constexpr int kReturnAddressWord = 1;
constexpr int kFrameWords = 2;

}  // namespace cistern::preload
