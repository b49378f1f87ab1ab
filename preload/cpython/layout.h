// Where CPython keeps frames, code objects and the collector's state, one row a minor version. Byte offsets on 64-bit
// builds. Checked by walking frames of every kind on 3.8.18, 3.9.18, 3.10.13, 3.11.2, 3.11.7, 3.12.1, 3.13.0, 3.14.10
// and 3.15.2, and without the GIL on 3.13.15, 3.14.7 and 3.15.0rc1; the sources are Include/cpython/frameobject.h,
// pystate.h and code.h (3.8 – 3.10), Include/internal/pycore_frame.h (3.11 – 3.13), pycore_interpframe_structs.h and
// pycore_interp_structs.h (3.14, 3.15), and _Py_DebugOffsets (pycore_runtime.h, 3.13; pycore_debug_offsets.h, 3.14
// and 3.15).
#pragma once

#include <cstdint>

#include "cistern/format/definition_records.h"

namespace cistern::preload {

constexpr uint16_t kNoOffset = UINT16_MAX;

// What says where in its code a frame is.
enum class Positions : uint8_t {
  kInCode,    // a pointer into the code object
  kIndexes,   // an index
  kInCopies,  // a pointer into a copy of the code object's instructions, see bytecode_copies.h
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
  uint16_t is_entry;       // 3.11: C called it, and so the evaluation function; kNoOffset: see mixed_stack.cpp
  uint16_t copy_index;     // in which copy it is; kNoOffset: there are none

  // PyObject, PyVarObject
  uint16_t object_type;
  uint16_t object_size;

  // PyCodeObject
  uint16_t code_flags;
  uint16_t first_line;
  uint16_t constants;
  uint16_t file;
  uint16_t name;
  uint16_t qualified_name;  // kNoOffset: there is none
  uint16_t line_table;
  uint16_t instructions;  // kNoOffset: positions are not pointers
  uint16_t copies;        // of them; kNoOffset: there are none
  LineTableKind line_table_kind;

  // PyBytesObject, PyASCIIObject and PyCompactUnicodeObject
  uint16_t bytes_data;
  uint16_t text_length;
  uint16_t text_state;
  uint8_t text_kind;  // bits before `kind` in that
  uint16_t ascii_data;
  uint16_t wide_data;

  // The collector's `generations` array, in the interpreter state or, with `collector_in_runtime`, in _PyRuntime.
  uint16_t collector;
  bool collector_in_runtime;
  // Relative to that array.
  int16_t collector_self;  // a pointer to the array, to know it by; 0: there is none
  int16_t collector_enabled;
  int16_t collecting;
  int16_t statistics;  // gc_generation_stats[3], or (statistics_in_rings) a pointer to gc_stats
  bool statistics_in_rings;

  uint32_t arena_bytes;  // 0: there are no arenas and no pools
  uint32_t pool_bytes;
};

constexpr uint16_t kTstateInterpreter = 16;  // PyThreadState.interp on all of them
// An entry frame without code: FRAME_OWNED_BY_CSTACK (3.12, 3.13), FRAME_OWNED_BY_INTERPRETER or, above it,
// FRAME_OWNED_BY_CSTACK (3.14; 3.15 has the former alone).
constexpr uint8_t kOwnedByC = 3;

// Returns the row for 3.`minor`, or nullptr.
const PythonLayout* layout_of(unsigned minor, bool free_threaded = false) noexcept;

// 3.13 and later publish their own offsets at the start of _PyRuntime (`runtime`). Whether those say that there is no
// GIL; false before 3.13.
bool is_free_threaded(unsigned minor, const uint8_t* runtime) noexcept;

// Returns what of that contradicts `layout`, or nullptr.
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
