// Where CPython keeps asyncio's tasks and what awaits them, one row a minor version from 3.14 on, with the GIL. Byte
// offsets on 64-bit builds. Checked against the headers and extension modules of 3.14.10 and 3.15.2; the sources are
// Modules/_asynciomodule.c (TaskObj, FutureObj_HEAD, Py_AsyncioModuleDebugOffsets), Include/internal/pycore_tstate.h,
// pycore_interpframe_structs.h (_PyGenObject_HEAD) and pycore_frame.h (PyFrameState), and Include/cpython/setobject.h.
#pragma once

#include <cstdint>

#include "preload/cpython/layout.h"

namespace cistern::preload {

struct TaskLayout {
  uint16_t minor;  // of 3.x

  uint16_t running_task;  // _PyThreadStateImpl.asyncio_running_task: a strong reference, nullptr between tasks' steps

  // FutureObj, and TaskObj, which begins as one. What awaits it is a future or a task, or a set of such; all references
  // are strong.
  uint16_t awaited_by;
  uint16_t is_task;            // two flags of a byte each, in one aligned word
  uint16_t awaited_by_is_set;  // that is
  uint16_t coroutine;          // of a task
  uint16_t task_bytes;         // tp_basicsize of _asyncio.Task

  // PyGenObject and PyCoroObject
  uint16_t frame;        // _PyInterpreterFrame, by value
  uint16_t frame_state;  // a signed byte
  // States from `created` to `awaiting` have a frame that does not run; in `awaiting` it waits for another awaitable.
  int8_t created;
  int8_t awaiting;
  int8_t executing;
  uint16_t stack_pointer;  // in the frame
  uint8_t awaited_below;   // bytes below that, where the awaitable lies: a _PyStackRef

  // PySetObject
  uint16_t set_used;
  uint16_t set_mask;
  uint16_t set_table;
};

// PyTypeObject (Include/cpython/object.h, 3.14 and 3.15)
constexpr uint16_t kTypeName = 24;
constexpr uint16_t kTypeBasicSize = 32;
constexpr uint16_t kTypeDealloc = 48;
constexpr uint16_t kTypeFlags = 168;
constexpr uint64_t kImmutableType = 1 << 8;  // Py_TPFLAGS_IMMUTABLETYPE: not made by a class statement
constexpr uint16_t kTypeBase = 256;

// Returns the row for 3.`minor`, or nullptr.
const TaskLayout* task_layout_of(unsigned minor) noexcept;

// Words of Py_AsyncioModuleDebugOffsets, which the extension module _asyncio has among its data.
constexpr uint32_t kTaskOffsetWords = 13;
// Whether these kTaskOffsetWords words are the ones that `layout`'s version publishes.
bool publishes(const TaskLayout& layout, const uint64_t* words) noexcept;

// Returns what in _Py_DebugOffsets, at the start of `runtime`, contradicts `layout`, or nullptr.
const char* contradiction(const TaskLayout& layout, const uint8_t* runtime) noexcept;

}  // namespace cistern::preload
