// The extension module _asyncio, which says where the interpreter keeps asyncio's tasks: until it is there, nobody
// needs to ask for the running one.
#pragma once

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// Looks for it among the loaded modules, and has walks of `python`'s frames look at the running task from then on.
// Where it is part of the interpreter, that it is there says nothing: `in_use` does, whether asyncio's code has run.
// Does nothing where that is so already, where tasks are not known (before 3.14, or without the GIL), or where the
// module says that they are elsewhere. Any thread. Requires that the loader is not changing its list.
void find_asyncio(Interpreter& python, bool in_use) noexcept;

}  // namespace cistern::preload
