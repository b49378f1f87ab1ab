// The Python stack by looking up every frame, without shadow stack or caches. Slow: PythonStack must agree with it. Any
// thread, for its own frames.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

// Returns the node of the stack from `innermost` (nullptr: no frame) on, called from `base`, as PythonStack::capture()
// does; StackId{0} without memory. Requires that the frames are the calling thread's, whose state is `tstate`. Reads
// what awaits the running task with or without the GIL.
StackId reference_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost, StackId base,
                       const uint8_t* tstate = nullptr) noexcept;

}  // namespace cistern::preload
