// Copies of a code object's instructions (CPython 3.14 and later without the GIL): each thread specializes its own, and
// a frame's position lies in one of them (PyCodeObject.co_tlbc; "Thread-local bytecode" in Objects/codeobject.c). The
// first is the one in the code object. Any thread, for its own frames; does not allocate.
#pragma once

#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// No instruction: those lie at even offsets.
constexpr int64_t kUnknownOffset = -1;

// The byte offset of `position`, which is that of `frame`, in the copy that it lies in; kUnknownOffset when that cannot
// be found. Requires a layout with Positions::kInCopies, and that `code` is the code of `frame`, which is on the
// calling thread's stack.
int64_t offset_in_copy(const Interpreter& python, const uint8_t* frame, const uint8_t* code,
                       uint64_t position) noexcept;

}  // namespace cistern::preload
