// Finds the native frames that evaluate Python code: in a mixed stack, Python frames stand for them. Not on the hot
// path. Requires that the thread state is the calling thread's.
#pragma once

#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// Returns whether the native frame at [low, high) belongs to the evaluation function. From 3.11 on that function keeps
// a record in its own frame: a _PyCFrame (3.11, 3.12: `_PyCFrame cframe` in _PyEval_EvalFrameDefault, Python/ceval.c),
// or a Python frame that is owned by C (3.13 and later: `entry_frame` there). Returns false before 3.11, and where
// `tstate` is nullptr.
bool is_evaluation_frame(const Interpreter& python, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept;

// For 3.11: writes to `frames` the Python frames from which native code called the evaluation function again, innermost
// first. The frames that they called are entries. Returns how many there are; only the first `size` are written.
uint32_t reentry_callers(const PythonLayout& layout, const uint8_t* tstate, const uint8_t** frames,
                         uint32_t size) noexcept;

}  // namespace cistern::preload
