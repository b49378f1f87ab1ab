// Whether a native frame is one that evaluates Python code: then Python frames stand for it. Cold.
#pragma once

#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// From 3.11 on each call of the evaluation function has a record in its own native frame: a _PyCFrame (3.11, 3.12:
// `_PyCFrame cframe` in _PyEval_EvalFrameDefault, Python/ceval.c), or a Python frame that is owned by C (3.13 and
// later: `entry_frame` there). Returns whether one of the thread's lies in [low, high). False where `tstate` is
// nullptr.
bool holds_entry(const Interpreter& python, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept;

// For 3.11: writes the frames from which native code entered the evaluation function again, from the innermost one on.
// They say which frames are entries: those that they called. Returns how many there are; only the first `size` were
// written.
uint32_t left_by(const PythonLayout& layout, const uint8_t* tstate, const uint8_t** frames, uint32_t size) noexcept;

}  // namespace cistern::preload
