// What a fuzz target is: a function over bytes, that returns whatever the bytes are, or ends the process. The same
// targets run under libFuzzer (clang) and under replay_main.cpp (any compiler).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Changes `data` in place, up to `room` bytes of it; returns the new size. Only in targets of structured inputs.
size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t room, unsigned seed);
// A random change that knows nothing of the structure. Of libFuzzer, or of replay_main.cpp.
size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t room);
}

namespace cistern::fuzz {

// What must be true for every input.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fputs("fuzz: not so: ", stderr);
  std::fputs(what, stderr);
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace cistern::fuzz
