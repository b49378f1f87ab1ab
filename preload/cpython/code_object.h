// Code objects, read from memory. Requires everywhere that the object is alive, because a frame of the calling thread
// runs it. Does not allocate.
#pragma once

#include <cstdint>
#include <string_view>

#include "preload/cpython/interpreter.h"
#include "preload/cpython/layout.h"

namespace cistern::preload {

// Returns a hash that most likely differs for another code object at the same address, where its free was not seen.
uint32_t code_fingerprint(const PythonLayout& layout, const uint8_t* code) noexcept;

inline bool is_code(const Interpreter& python, const uint8_t* object) noexcept {
  return object != nullptr && load_pointer(object, python.type_offset) == python.code_type;
}

inline int32_t first_line_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  return load<int32_t>(code, layout.first_line);
}
// The file name and the name, as str objects.
inline const uint8_t* file_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  return load_pointer(code, layout.file);
}
inline const uint8_t* name_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  return load_pointer(code, layout.name);
}
// The bytes of the line table.
std::string_view line_table_of(const PythonLayout& layout, const uint8_t* code) noexcept;

// Returns the byte offset in the code of a frame's position, which is an index or a pointer into the code. Negative
// before the first instruction. Not for Positions::kInCopies.
inline int64_t offset_of(const PythonLayout& layout, const uint8_t* code, uint64_t position) noexcept {
  if (layout.positions == Positions::kIndexes)
    return static_cast<int64_t>(static_cast<int32_t>(position)) * layout.position_scale;
  return static_cast<int64_t>(position - reinterpret_cast<uint64_t>(code) - layout.instructions);
}

// The items of the tuple of constants.
struct Constants {
  const uint8_t* const* items = nullptr;
  uint64_t size = 0;
};
Constants constants_of(const PythonLayout& layout, const uint8_t* code) noexcept;

// Whether the code is the body of a function, not of a class or a module (CO_OPTIMIZED | CO_NEWLOCALS, Include/code.h).
inline bool is_function(const PythonLayout& layout, const uint8_t* code) noexcept {
  return (load<int32_t>(code, layout.code_flags) & 3) == 3;
}

}  // namespace cistern::preload
