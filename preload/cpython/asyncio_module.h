// The extension module _asyncio, which publishes where tasks are kept. Until it is loaded, nothing awaits anything and
// captures do not look for tasks.
#pragma once

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

// Looks for the module among the loaded ones. If it is there, captures of `python`'s stacks read the running task from
// now on. Where the module is part of the interpreter it is always loaded: then `in_use` decides, whether asyncio's
// code has run. Does nothing when tasks are read already, when the layout does not know them, or when the module
// publishes other offsets. Returns false when the modules are not known now, because another thread unloads one. Any
// thread.
bool find_asyncio(Interpreter& python, bool in_use) noexcept;

}  // namespace cistern::preload
