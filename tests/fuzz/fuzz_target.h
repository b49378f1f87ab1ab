// A fuzz target is a function of bytes. It returns for every input; an error ends the process. The same targets run
// with libFuzzer (clang) and with replay_main.cpp (any compiler).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Changes `data` in place, up to `max_size` bytes of it; returns the new size. Only in targets of structured inputs.
size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
// A random change without regard to structure. Defined by libFuzzer or by replay_main.cpp.
size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
}

namespace cistern::fuzz {

// Ends the process if `condition` is false. `what` must be true for every input.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fputs("fuzz: not so: ", stderr);
  std::fputs(what, stderr);
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace cistern::fuzz
