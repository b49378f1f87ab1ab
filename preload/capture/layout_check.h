// Whether what is read of an interpreter's frames is what the interpreter itself reads there: tried once, on the first
// stacks of an image, by the one public function that neither allocates nor counts references.
//
// That function is PyUnstable_InterpreterFrame_GetLasti (Python/frame.c, 3.12 – 3.15): it subtracts the start of the
// frame's code from the frame's position. Its neighbour PyUnstable_InterpreterFrame_GetCode increments a reference
// count. Up to 3.10 PyFrame_GetLineNumber reads only, too, but says a line, which the recorder does not know; on 3.11
// PyFrame_GetLasti wants a frame object, which most frames do not have. There nothing is tried.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/capture/python_stack.h"

namespace cistern::preload {

class LayoutCheck {
 public:
  // Compares the frames that `seen` holds with what the interpreter says of them. Returns nullptr, or what is wrong,
  // once. Requires that they are the calling thread's, which holds the GIL (without one: is attached), and that nothing
  // ran since they were captured. Any thread; does not allocate.
  const char* look(const Interpreter& python, const PythonStack& seen) noexcept {
    if (__builtin_expect(over_.load(std::memory_order_relaxed), 1)) return nullptr;
    return compare(python, seen);
  }

  // Another interpreter may come.
  void reset() noexcept { over_.store(false, std::memory_order_relaxed); }

 private:
  const char* compare(const Interpreter& python, const PythonStack& seen) noexcept;

  std::atomic<bool> over_{false};  // relaxed: it guards nothing, and that two threads compare does no harm
};

}  // namespace cistern::preload
