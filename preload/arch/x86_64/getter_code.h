// Machine code of getters: functions without arguments that only load a variable and return it, such as CPython's
// PyThreadState_GetUnchecked(). A hook that knows the variable loads it without the call. The patterns are those that
// GCC and Clang write; each function returns nullptr for any other code. Requires that `function` is relocated.
#pragma once

#include <cstdint>

namespace cistern::preload {

// Returns the global variable that `function` returns, for `return some.thing`:
//
//     [endbr64]                                [endbr64]
//     mov variable(%rip), %rax                 mov address(%rip), %rax      the address of a global lies elsewhere
//     ret                                      mov offset(%rax), %rax
//                                              ret
inline const uint8_t* const* returned_global(const void* function) noexcept {
  constexpr uint32_t kEndbr64 = 0xfa1e0ff3;
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

// Returns the calling thread's instance of the thread-local variable that `function` returns. The three forms are those
// of "ELF Handling For Thread-Local Storage", 4.1 (x86-64): local-exec, initial-exec and general-dynamic. The last one
// calls `tls_get_addr`, as the function itself does.
//
//     mov %fs:offset, %rax        mov table(%rip), %rax        sub $8, %rsp
//     ret                         mov %fs:(%rax), %rax         data16 lea index(%rip), %rdi
//                                 ret                          data16 data16 rex.W call __tls_get_addr
//                                                              mov (%rax), %rax; add $8, %rsp; ret
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

}  // namespace cistern::preload
