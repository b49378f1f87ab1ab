// Compares what this library reads of frames with what the interpreter itself reads there, once, on the first stacks of
// an image. It uses the one public function that neither allocates nor counts references:
// PyUnstable_InterpreterFrame_GetLasti (Python/frame.c, 3.12 – 3.15), which subtracts the start of a frame's code from
// the frame's position. Its neighbour PyUnstable_InterpreterFrame_GetCode increments a reference count. Up to 3.10
// PyFrame_GetLineNumber only reads, but returns a line, which the recorder does not know. On 3.11 PyFrame_GetLasti
// wants a frame object, which most frames do not have. On those versions nothing is compared.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/capture/python_stack.h"

namespace cistern::preload {

class LayoutCheck {
 public:
  // Compares the frames of `seen` until a stack of two frames agreed. Returns nullptr, or a text that says what is
  // wrong; a fault is reported once. Requires that the frames are the calling thread's, that it holds the GIL (without
  // one: is attached), and that no Python code ran since they were captured. Any thread; does not allocate.
  const char* check(const Interpreter& python, const PythonStack& seen) noexcept {
    if (__builtin_expect(done_.load(std::memory_order_relaxed), 1)) return nullptr;
    return compare(python, seen);
  }

  // Compares again, because another interpreter may be loaded.
  void reset() noexcept { done_.store(false, std::memory_order_relaxed); }

 private:
  const char* compare(const Interpreter& python, const PythonStack& seen) noexcept;

  std::atomic<bool> done_{false};  // relaxed: guards no data, and two threads may compare at once
};

}  // namespace cistern::preload
