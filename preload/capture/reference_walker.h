// The Python stack by looking up every frame, with nothing remembered: slow, and what PythonStack has to agree with.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

// The node of the stack from `innermost` (nullptr: none) on, over `base`, as PythonStack::capture() has it; StackId{0}
// without memory. Requires that the frames are this thread's, whose state is `tstate`; what awaits its running task is
// read with the GIL or without.
StackId reference_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost, StackId base,
                    const uint8_t* tstate = nullptr) noexcept;

}  // namespace cistern::preload
