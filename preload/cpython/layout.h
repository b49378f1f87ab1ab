// Where CPython keeps frames, code objects, tasks and the collector's state: one PythonLayout for each supported
// version (versions.cpp). Byte offsets on 64-bit builds. Constant data; any thread.
#pragma once

#include <cstdint>
#include <span>

#include "cistern/format/definition_records.h"
#include "preload/cpython/task_layout.h"

namespace cistern::preload {

constexpr uint16_t kNoOffset = UINT16_MAX;

// How a frame says at which instruction of its code it is.
enum class Positions : uint8_t {
  kInCode,    // a pointer into the code object
  kIndexes,   // an index
  kInCopies,  // a pointer into a copy of the code object's instructions, see bytecode_copies.h
};

// Where 3.13 and later publish the offsets below themselves: in _Py_DebugOffsets at the start of _PyRuntime, in bytes
// from there. Each is a u64; 0: the version does not publish it. The names are CPython's, by struct.
struct DebugOffsets {
  uint16_t interp, current_frame, thread_id;                       // thread_state
  uint16_t previous, executable, instr_ptr, owner, tlbc_index;     // interpreter_frame
  uint16_t filename, code_name, qualname, linetable, firstlineno;  // code_object
  uint16_t co_code_adaptive, co_tlbc;                              // code_object
  uint16_t ob_type;                                                // pyobject
  uint16_t ob_size, ob_sval;                                       // bytes_object
  uint16_t text_state, text_length, asciiobject_size;              // unicode_object
  uint16_t gc;                                                     // interpreter_state
  uint16_t collecting;                                             // gc: counted from there
};

struct PythonLayout {
  uint16_t minor;  // of 3.x
  bool free_threaded;

  // PyThreadState
  uint16_t tstate_frame;   // the innermost frame, or a _PyCFrame that points to it
  uint16_t cframe_frame;   // in that _PyCFrame; kNoOffset: tstate_frame is the frame itself
  uint16_t tstate_thread;  // pthread_t

  // PyFrameObject (up to 3.10), _PyInterpreterFrame
  uint16_t previous;
  uint16_t code;  // a pointer whose two low bits may be a tag (3.14)
  uint16_t position;
  Positions positions;
  uint8_t position_scale;  // of an index, which is an int, in bytes
  uint16_t owner;          // kNoOffset: every frame is a Python frame
  uint16_t is_entry;    // 3.11: whether C called the frame, by the evaluation function; kNoOffset: see mixed_stack.cpp
  uint16_t copy_index;  // of the bytecode copy that the frame runs; kNoOffset: there are no copies

  // PyObject, PyVarObject
  uint16_t object_type;
  uint16_t object_size;

  // PyCodeObject
  uint16_t code_flags;
  uint16_t first_line;
  uint16_t constants;
  uint16_t file;
  uint16_t name;
  uint16_t qualified_name;  // kNoOffset: code objects have none
  uint16_t line_table;
  uint16_t instructions;  // kNoOffset: positions are not pointers
  uint16_t copies;        // array of bytecode copies; kNoOffset: there are none
  LineTableKind line_table_kind;

  // PyBytesObject, PyASCIIObject and PyCompactUnicodeObject
  uint16_t bytes_data;
  uint16_t text_length;
  uint16_t text_state;
  uint8_t text_kind;  // bits before `kind` in the state
  uint16_t ascii_data;
  uint16_t wide_data;

  // The collector's `generations` array, in the interpreter state or, with `collector_in_runtime`, in _PyRuntime.
  uint16_t collector;
  bool collector_in_runtime;
  // Relative to that array.
  int16_t collector_self;  // a pointer to the array itself, which identifies it; 0: there is none
  int16_t collector_enabled;
  int16_t collecting;
  int16_t statistics;  // gc_generation_stats[3], or (statistics_in_rings) a pointer to gc_stats
  bool statistics_in_rings;

  uint32_t arena_bytes;  // 0: there are no arenas and no pools
  uint32_t pool_bytes;

  // Each thread has a variable with the thread state that it is attached to (3.12 and later). Before, one variable of
  // the runtime has the state of the GIL's holder.
  bool thread_local_state;
  // The interpreter puts a code object of its own, _Py_InitCleanup, between a class and its __init__ (3.13 and later).
  bool has_init_cleanup;

  TaskLayout tasks;
  DebugOffsets published;
};

constexpr uint16_t kTstateInterpreter = 16;  // PyThreadState.interp on all of them
// An entry frame without code: FRAME_OWNED_BY_CSTACK (3.12, 3.13), FRAME_OWNED_BY_INTERPRETER or, above it,
// FRAME_OWNED_BY_CSTACK (3.14; 3.15 has the former alone).
constexpr uint8_t kOwnedByC = 3;

// All versions whose stacks are recorded, in ascending order, builds without the GIL last.
std::span<const PythonLayout> supported_versions() noexcept;

// Returns the layout of 3.`minor`, or nullptr when the version is not supported.
const PythonLayout* layout_of(unsigned minor, bool free_threaded = false) noexcept;

// Returns whether the offsets published at `runtime` (&_PyRuntime, or nullptr) are those of a build without the GIL.
bool is_free_threaded(const uint8_t* runtime) noexcept;

// Returns the name of a published offset that contradicts `layout`, or nullptr when all agree or none is published.
const char* contradiction(const PythonLayout& layout, const uint8_t* runtime) noexcept;

template <typename T>
inline T load(const uint8_t* base, uint16_t offset) noexcept {
  T value;
  __builtin_memcpy(&value, base + offset, sizeof value);
  return value;
}

inline const uint8_t* load_pointer(const uint8_t* base, uint16_t offset) noexcept {
  return load<const uint8_t*>(base, offset);
}

}  // namespace cistern::preload
