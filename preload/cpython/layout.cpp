#include "preload/cpython/layout.h"

#include <cstring>

namespace cistern::preload {
namespace {

struct PublishedField {
  uint16_t DebugOffsets::*at;
  uint16_t PythonLayout::*field;
  const char* name;
};
constexpr PublishedField kPublishedFields[] = {
    {&DebugOffsets::current_frame, &PythonLayout::tstate_frame, "thread_state.current_frame"},
    {&DebugOffsets::thread_id, &PythonLayout::tstate_thread, "thread_state.thread_id"},
    {&DebugOffsets::previous, &PythonLayout::previous, "interpreter_frame.previous"},
    {&DebugOffsets::executable, &PythonLayout::code, "interpreter_frame.executable"},
    {&DebugOffsets::instr_ptr, &PythonLayout::position, "interpreter_frame.instr_ptr"},
    {&DebugOffsets::owner, &PythonLayout::owner, "interpreter_frame.owner"},
    {&DebugOffsets::tlbc_index, &PythonLayout::copy_index, "interpreter_frame.tlbc_index"},
    {&DebugOffsets::filename, &PythonLayout::file, "code_object.filename"},
    {&DebugOffsets::code_name, &PythonLayout::name, "code_object.name"},
    {&DebugOffsets::qualname, &PythonLayout::qualified_name, "code_object.qualname"},
    {&DebugOffsets::linetable, &PythonLayout::line_table, "code_object.linetable"},
    {&DebugOffsets::firstlineno, &PythonLayout::first_line, "code_object.firstlineno"},
    {&DebugOffsets::co_code_adaptive, &PythonLayout::instructions, "code_object.co_code_adaptive"},
    {&DebugOffsets::co_tlbc, &PythonLayout::copies, "code_object.co_tlbc"},
    {&DebugOffsets::ob_type, &PythonLayout::object_type, "pyobject.ob_type"},
    {&DebugOffsets::ob_size, &PythonLayout::object_size, "bytes_object.ob_size"},
    {&DebugOffsets::ob_sval, &PythonLayout::bytes_data, "bytes_object.ob_sval"},
    {&DebugOffsets::text_state, &PythonLayout::text_state, "unicode_object.state"},
    {&DebugOffsets::text_length, &PythonLayout::text_length, "unicode_object.length"},
    {&DebugOffsets::asciiobject_size, &PythonLayout::ascii_data, "unicode_object.asciiobject_size"},
};
// At the same places in every version that publishes its offsets.
constexpr uint16_t kVersionHex = 8;  // PY_VERSION_HEX
constexpr uint16_t kFreeThreaded = 16;

bool publishes_offsets(const uint8_t* runtime) noexcept {
  return runtime != nullptr && std::memcmp(runtime, "xdebugpy", 8) == 0;
}

}  // namespace

const PythonLayout* layout_of(unsigned minor, bool free_threaded) noexcept {
  for (const PythonLayout& layout : supported_versions()) {
    if (layout.minor == minor && layout.free_threaded == free_threaded) return &layout;
  }
  return nullptr;
}

bool is_free_threaded(const uint8_t* runtime) noexcept {
  return publishes_offsets(runtime) && load<uint64_t>(runtime, kFreeThreaded) != 0;
}

const char* contradiction(const PythonLayout& layout, const uint8_t* runtime) noexcept {
  const DebugOffsets& published = layout.published;
  if (published.interp == 0) return nullptr;
  if (!publishes_offsets(runtime)) return "no debug offsets in _PyRuntime";
  if (load<uint64_t>(runtime, kVersionHex) >> 16 != (0x300u | layout.minor))
    return "the debug offsets are another version's";
  if (is_free_threaded(runtime) != layout.free_threaded) return "the debug offsets are another build's";
  for (const PublishedField& field : kPublishedFields) {
    const uint16_t at = published.*field.at;
    const uint16_t expected = layout.*field.field;
    if (at != 0 && expected != kNoOffset && load<uint64_t>(runtime, at) != expected) return field.name;
  }
  if (load<uint64_t>(runtime, published.interp) != kTstateInterpreter) return "thread_state.interp";
  const uint64_t collecting = load<uint64_t>(runtime, published.gc) + load<uint64_t>(runtime, published.collecting);
  if (collecting != uint64_t{layout.collector} + static_cast<uint64_t>(layout.collecting)) return "gc.collecting";
  return nullptr;
}

}  // namespace cistern::preload
