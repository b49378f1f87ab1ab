// Copies of a code object's instructions (CPython 3.14 and later without the GIL). Each thread specializes a copy of
// its own, and a frame's position points into one of them (PyCodeObject.co_tlbc; "Thread-local bytecode" in
// Objects/codeobject.c). Copy 0 is in the code object itself. Any thread, for its own frames; does not allocate.
#pragma once

#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// Not the offset of an instruction: those are even, and -2 is before the first one.
constexpr int64_t kUnknownOffset = -1;

// Returns the byte offset of `position`, the position of `frame`, in the copy that it points into; kUnknownOffset when
// the copy cannot be found. Requires Positions::kInCopies, that `code` is the code of `frame`, and that `frame` is on
// the calling thread's stack.
int64_t offset_in_copy(const Interpreter& python, const uint8_t* frame, const uint8_t* code,
                       uint64_t position) noexcept;

}  // namespace cistern::preload
