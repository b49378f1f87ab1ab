// Where CPython keeps asyncio's tasks and what awaits them (3.14 and later, with the GIL): a part of PythonLayout. Byte
// offsets on 64-bit builds.
#pragma once

#include <cstdint>

namespace cistern::preload {

// Where _Py_DebugOffsets publishes the offsets below, in bytes from the start of _PyRuntime. Each is a u64. The names
// are CPython's (Include/internal/pycore_debug_offsets.h, 3.14 and 3.15).
struct TaskDebugOffsets {
  uint16_t stackpointer;               // interpreter_frame
  uint16_t used, table, mask;          // set_object
  uint16_t gi_iframe, gi_frame_state;  // gen_object
};

struct TaskLayout {
  // _PyThreadStateImpl.asyncio_running_task: a strong reference, nullptr between the steps of tasks. kNoOffset: tasks
  // are not followed on this version.
  uint16_t running_task;

  // FutureObj and TaskObj, which begins like a FutureObj. A future's awaiter is a future, a task, or a set of these.
  // All references are strong.
  uint16_t awaited_by;
  uint16_t is_task;            // this flag and the next are a byte each, in the same aligned word
  uint16_t awaited_by_is_set;  // whether awaited_by is a set
  uint16_t coroutine;          // of a task
  uint16_t task_bytes;         // tp_basicsize of _asyncio.Task

  // PyGenObject and PyCoroObject
  uint16_t frame;        // _PyInterpreterFrame, by value
  uint16_t frame_state;  // a signed byte
  // In the states from `created` to `awaiting` the frame exists and does not run. In `awaiting` it waits for another
  // awaitable.
  int8_t created;
  int8_t awaiting;
  int8_t executing;
  uint16_t stack_pointer;  // in the frame
  uint8_t awaited_below;   // the awaitable, a _PyStackRef, lies so many bytes below that

  // PySetObject
  uint16_t set_used;
  uint16_t set_mask;
  uint16_t set_table;

  TaskDebugOffsets published;
};

// PyTypeObject (Include/cpython/object.h, 3.14 and 3.15).
constexpr uint16_t kTypeName = 24;
constexpr uint16_t kTypeBasicSize = 32;
constexpr uint16_t kTypeDealloc = 48;
constexpr uint16_t kTypeFlags = 168;
constexpr uint64_t kImmutableType = 1 << 8;  // Py_TPFLAGS_IMMUTABLETYPE: not made by a class statement
constexpr uint16_t kTypeBase = 256;

// Words of Py_AsyncioModuleDebugOffsets, which the extension module _asyncio has among its data.
constexpr uint32_t kTaskOffsetWords = 13;
// Returns whether the kTaskOffsetWords words at `words` are those that `layout`'s version publishes.
bool module_publishes(const TaskLayout& layout, const uint64_t* words) noexcept;

// Returns the name of an offset in _Py_DebugOffsets, at the start of `runtime`, that contradicts `layout`, or nullptr.
const char* contradiction(const TaskLayout& layout, const uint8_t* runtime) noexcept;

}  // namespace cistern::preload
