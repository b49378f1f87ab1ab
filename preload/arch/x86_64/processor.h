// Facts about x86-64 processors and the few instructions that C++ has no words for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern::preload {

constexpr uint16_t kElfMachine = 62;  // EM_X86_64
constexpr size_t kPageBytes = 4096;   // the only size of small pages
// Whether cycle_counter() counts at a constant rate where the kernel lists kCycleCounterName as a clock source
// (Linux, arch/x86/kernel/tsc.c).
constexpr bool kHasCycleCounter = true;
constexpr const char* kCycleCounterName = "tsc";

// Reads the time-stamp counter. The read is not ordered with the instructions around it: it may run some tens of
// cycles early, so two threads' times can be inverted. The analyzer puts them right.
inline uint64_t cycle_counter() noexcept {
  uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return static_cast<uint64_t>(high) << 32 | low;
}

inline void spin_pause() noexcept {
  asm volatile("pause");
}

// Returns whether the pointer stored at `place` is not `expected`. The compiler does not learn that both are equal when
// they are. It keeps using the pointer that the code names, and the processor need not wait for the load.
inline bool differs(const uint8_t* place, const uint8_t* expected) noexcept {
  bool differs;
  asm("cmpq %[expected], %[place]"
      : "=@ccne"(differs)
      : [place] "m"(*reinterpret_cast<const uint8_t* const*>(place)), [expected] "r"(expected));
  return differs;
}

}  // namespace cistern::preload
