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

// The same for a thread-local variable: the calling thread's, in the ways that compilers load one (x86-64 TLS, ELF
// Handling For Thread-Local Storage, 4.1): `mov %fs:offset, %rax; ret`, or with the offset from a table, or by
// __tls_get_addr(index), which this calls too where the function would. nullptr when its code is another.
inline const uint8_t* const* returned_thread_local(const void* function, void* (*tls_get_addr)(void* index)) noexcept {
  const auto* code = static_cast<const uint8_t*>(function);
  const auto follows = [&code](const auto&... bytes) {
    const uint8_t wanted[] = {static_cast<uint8_t>(bytes)...};
    if (__builtin_memcmp(code, wanted, sizeof wanted) != 0) return false;
    code += sizeof wanted;
    return true;
  };
  const auto offset = [&code] {
    int32_t value = 0;
    __builtin_memcpy(&value, code, sizeof value);
    code += sizeof value;
    return value;
  };
  const auto place = [](const uint8_t* base, int64_t distance) {
    return reinterpret_cast<const uint8_t* const*>(base + distance);
  };
  const auto* const thread = static_cast<const uint8_t*>(__builtin_thread_pointer());
  follows(0xf3, 0x0f, 0x1e, 0xfa);              // endbr64
  if (follows(0x64, 0x48, 0x8b, 0x04, 0x25)) {  // mov %fs:offset, %rax
    const int32_t distance = offset();
    return follows(0xc3) ? place(thread, distance) : nullptr;
  }
  if (follows(0x48, 0x8b, 0x05)) {  // mov table(%rip), %rax
    const int32_t to_table = offset();
    int64_t distance = 0;
    __builtin_memcpy(&distance, code + to_table, sizeof distance);
    return follows(0x64, 0x48, 0x8b, 0x00, 0xc3) ? place(thread, distance) : nullptr;  // mov %fs:(%rax), %rax; ret
  }
  if (!follows(0x48, 0x83, 0xec, 0x08)) return nullptr;  // sub $8, %rsp
  if (!follows(0x66, 0x48, 0x8d, 0x3d)) return nullptr;  // data16 lea index(%rip), %rdi
  const int32_t to_index = offset();
  const uint8_t* const index = code + to_index;
  if (!follows(0x66, 0x66, 0x48, 0xe8)) return nullptr;  // data16 data16 rex.W call __tls_get_addr
  offset();
  if (!follows(0x48, 0x8b, 0x00, 0x48, 0x83, 0xc4, 0x08, 0xc3)) return nullptr;  // mov (%rax), %rax; add $8, %rsp; ret
  return place(static_cast<const uint8_t*>(tls_get_addr(const_cast<uint8_t*>(index))), 0);
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
