// A shared object whose functions call back, so that a test knows addresses in them, and what is there. Compiled with
// debug information; a copy of it is stripped, and another one has it in a file apart.
#include <cstddef>

// The line of the call in each function.
extern "C" {
extern const int kPlainLine, kInnerLine, kOuterLine, kGrowLine;
void plain_call(void (*back)());
void outer_call(void (*back)());
void grow_ints(void (*back)());
}

int g_calls = 0;

__attribute__((noinline)) void plain_call(void (*back)()) {
  back();  // kPlainLine
  ++g_calls;
}
const int kPlainLine = __LINE__ - 3;

static inline __attribute__((always_inline)) void inner_call(void (*back)()) {
  back();  // kInnerLine
  ++g_calls;
}
const int kInnerLine = __LINE__ - 3;

__attribute__((noinline)) void outer_call(void (*back)()) {
  ++g_calls;
  inner_call(back);  // kOuterLine
}
const int kOuterLine = __LINE__ - 2;

namespace cold {

template <typename T>
struct Buffer {
  __attribute__((noinline)) void grow(size_t count, void (*back)()) {
    size += count * sizeof(T);
    back();  // kGrowLine
    ++g_calls;
  }
  size_t size = 0;
};

}  // namespace cold
const int kGrowLine = __LINE__ - 7;

void grow_ints(void (*back)()) {
  cold::Buffer<int> buffer;
  buffer.grow(3, back);
  ++g_calls;
}
