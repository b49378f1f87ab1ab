// What depends on the processor: system calls, the time-stamp counter, the pause in a spin loop. The only file, with
// hooks/loader.S, that another architecture needs a version of. Nothing here touches errno.
#pragma once

#include <cstdint>

namespace cistern::preload {

#if defined(__x86_64__)

constexpr uint16_t kElfMachine = 62;  // EM_X86_64
constexpr bool kHasCycleCounter = true;

// Returns what the kernel returns: a value, or -errno in [-4095, -1].
inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) noexcept {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// Not ordered with the instructions around it: may run some tens of cycles early. The analyzer undoes the inversions.
inline uint64_t cycle_counter() noexcept {
  uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return static_cast<uint64_t>(high) << 32 | low;
}

// Whether the pointer at `place` is not `expected`. The compiler does not learn that they are the same when they are:
// it goes on with the one that the code names, and the processor does not wait for the other.
inline bool differs(const uint8_t* place, const uint8_t* expected) noexcept {
  bool differs;
  asm("cmpq %[expected], %[place]"
      : "=@ccne"(differs)
      : [place] "m"(*reinterpret_cast<const uint8_t* const*>(place)), [expected] "r"(expected));
  return differs;
}

// What a function without arguments loads and returns, if that is all it does, as compilers put it for
// `return some.thing` : `mov place(%rip), %rax; ret`, or by way of the address of a global that lies elsewhere:
// `mov address(%rip), %rax; mov offset(%rax), %rax; ret`. nullptr when its code is another. Requires that what is
// addressed is relocated.
inline const uint8_t* const* returned_place(const void* function) noexcept {
  constexpr uint32_t kEndbr64 = 0xfa1e0ff3;  // where a call may land
  constexpr uint32_t kLoadRelative = 0x058b48;
  constexpr uint32_t kLoadOffset = 0x808b48;
  constexpr uint8_t kReturn = 0xc3;
  const auto* code = static_cast<const uint8_t*>(function);
  const auto word = [](const uint8_t* at) {
    int32_t value = 0;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
  };
  const auto opcode = [&word](const uint8_t* at) { return static_cast<uint32_t>(word(at)) & 0xffffff; };
  if (static_cast<uint32_t>(word(code)) == kEndbr64) code += 4;
  if (opcode(code) != kLoadRelative) return nullptr;
  const uint8_t* const loaded = code + 7 + word(code + 3);
  code += 7;
  if (*code == kReturn) return reinterpret_cast<const uint8_t* const*>(loaded);
  if (opcode(code) != kLoadOffset || code[7] != kReturn) return nullptr;
  const uint8_t* base = nullptr;
  __builtin_memcpy(&base, loaded, sizeof base);
  return reinterpret_cast<const uint8_t* const*>(base + word(code + 3));
}

inline void spin_pause() noexcept {
  asm volatile("pause");
}

// DWARF's numbers of registers (System V ABI, AMD64 supplement, 3.6.2).
constexpr uint8_t kFramePointerRegister = 6;
constexpr uint8_t kStackPointerRegister = 7;
constexpr uint8_t kReturnAddressRegister = 16;

// Where a signal frame's ucontext_t keeps the interrupted registers (glibc, sys/ucontext.h: uc_mcontext.gregs).
constexpr uint16_t kContextFramePointer = 120;
constexpr uint16_t kContextStackPointer = 160;
constexpr uint16_t kContextPc = 168;

// Where the calling function was called from, for a walk of the stack. Makes it keep a frame pointer.
#define CISTERN_OWN_FRAME __builtin_frame_address(0)
// What lies at CISTERN_OWN_FRAME, in words: the caller's frame pointer, the return address, and behind them the
// caller's frame.
constexpr int kFrameCallersPointer = 0;
constexpr int kFrameReturnAddress = 1;
constexpr int kFrameWords = 2;

#else
#error "cistern: this architecture has no preload/base/arch.h section yet"
#endif

constexpr bool is_error(long result) noexcept {
  return result < 0 && result >= -4095;
}

}  // namespace cistern::preload
