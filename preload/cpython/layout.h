// Where CPython keeps frames, code objects and the collector's state, one row a minor version. Byte offsets on 64-bit
// builds with the GIL. Checked by walking frames of every kind on 3.8.18, 3.9.18, 3.10.13, 3.11.2, 3.11.7, 3.12.1
// and 3.13.0; the sources are Include/cpython/frameobject.h, pystate.h and code.h (3.8 – 3.10),
// Include/internal/pycore_frame.h (3.11 – 3.13), Include/internal/pycore_runtime.h (_Py_DebugOffsets, 3.13).
#pragma once

#include <cstdint>

#include "cistern/definitions.h"

namespace cistern::preload {

constexpr uint16_t kNoOffset = UINT16_MAX;

struct PythonLayout {
  uint16_t minor;  // of 3.x

  // PyThreadState
  uint16_t tstate_frame;   // the innermost frame, or a _PyCFrame that points to it
  uint16_t cframe_frame;   // in that _PyCFrame; kNoOffset: tstate_frame is the frame itself
  uint16_t tstate_thread;  // pthread_t

  // PyFrameObject (up to 3.10), _PyInterpreterFrame
  uint16_t previous;
  uint16_t code;
  uint16_t position;
  uint8_t position_scale;  // of a position that is an int index, in bytes; 0: it is a pointer into the code
  uint16_t owner;          // kNoOffset: every frame is a Python frame

  // PyCodeObject
  uint16_t code_flags;
  uint16_t first_line;
  uint16_t constants;
  uint16_t file;
  uint16_t name;
  uint16_t qualified_name;  // kNoOffset: there is none
  uint16_t line_table;
  uint16_t instructions;  // kNoOffset: positions are not pointers
  LineTableKind line_table_kind;

  // PyASCIIObject and PyCompactUnicodeObject
  uint16_t ascii_data;
  uint16_t wide_data;

  // The collector's `generations` array, in the interpreter state or, with `collector_in_runtime`, in _PyRuntime.
  uint16_t collector;
  bool collector_in_runtime;

  uint32_t arena_bytes;
  uint32_t pool_bytes;
};

constexpr uint16_t kTstateInterpreter = 16;  // PyThreadState.interp on all of them
constexpr uint8_t kOwnedByC = 3;             // FRAME_OWNED_BY_CSTACK (3.12): an entry frame without code

// Returns the row for 3.`minor`, or nullptr.
const PythonLayout* layout_of(unsigned minor) noexcept;

// 3.13 and later publish their own offsets at the start of _PyRuntime. Returns what contradicts `layout`, or nullptr.
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
