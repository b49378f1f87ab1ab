#include "preload/cpython/layout.h"

#include <cstring>

namespace cistern::preload {
namespace {

constexpr uint32_t kKiB = 1024;

constexpr PythonLayout layout_3_8() noexcept {
  PythonLayout it{};
  it.minor = 8;
  it.tstate_frame = 24;
  it.cframe_frame = kNoOffset;
  it.tstate_thread = 176;
  it.previous = 24;
  it.code = 32;
  it.position = 104;
  it.position_scale = 1;
  it.owner = kNoOffset;
  it.code_flags = 36;
  it.first_line = 40;
  it.constants = 56;
  it.file = 104;
  it.name = 112;
  it.qualified_name = kNoOffset;
  it.line_table = 120;
  it.instructions = kNoOffset;
  it.line_table_kind = LineTableKind::kLnotab;
  it.ascii_data = 48;
  it.wide_data = 72;
  it.collector = 368;
  it.collector_in_runtime = true;
  it.arena_bytes = 256 * kKiB;
  it.pool_bytes = 4 * kKiB;
  return it;
}

constexpr PythonLayout layout_3_9() noexcept {
  PythonLayout it = layout_3_8();
  it.minor = 9;
  it.collector = 640;
  it.collector_in_runtime = false;
  return it;
}

constexpr PythonLayout layout_3_10() noexcept {
  PythonLayout it = layout_3_9();
  it.minor = 10;
  it.position = 96;
  it.position_scale = 2;
  it.line_table_kind = LineTableKind::kLineTable;
  it.arena_bytes = 1024 * kKiB;
  it.pool_bytes = 16 * kKiB;
  return it;
}

constexpr PythonLayout layout_3_11() noexcept {
  PythonLayout it = layout_3_10();
  it.minor = 11;
  it.tstate_frame = 56;
  it.cframe_frame = 8;
  it.tstate_thread = 152;
  it.previous = 48;
  it.code = 32;
  it.position = 56;
  it.position_scale = 0;
  it.owner = 69;
  it.code_flags = 48;
  it.first_line = 72;
  it.constants = 24;
  it.file = 112;
  it.name = 120;
  it.qualified_name = 128;
  it.line_table = 136;
  it.instructions = 184;
  it.line_table_kind = LineTableKind::kLocations;
  it.collector = 672;
  return it;
}

constexpr PythonLayout layout_3_12() noexcept {
  PythonLayout it = layout_3_11();
  it.minor = 12;
  it.cframe_frame = 0;
  it.tstate_thread = 136;
  it.previous = 8;
  it.code = 0;
  it.owner = 70;
  it.first_line = 68;
  it.instructions = 192;
  it.ascii_data = 40;
  it.wide_data = 56;
  it.collector = 136;
  return it;
}

constexpr PythonLayout layout_3_13() noexcept {
  PythonLayout it = layout_3_12();
  it.minor = 13;
  it.tstate_frame = 72;
  it.cframe_frame = kNoOffset;
  it.tstate_thread = 152;
  it.instructions = 200;
  it.collector = 7424;
  return it;
}

constexpr PythonLayout kLayouts[] = {layout_3_8(),  layout_3_9(),  layout_3_10(),
                                     layout_3_11(), layout_3_12(), layout_3_13()};

// Offsets into _Py_DebugOffsets of 3.13 (Include/internal/pycore_runtime.h): u64 fields.
struct DebugOffset {
  uint16_t at;
  uint16_t PythonLayout::*field;
  const char* name;
};
constexpr DebugOffset kDebugOffsets_3_13[] = {
    {184, &PythonLayout::tstate_frame, "thread_state.current_frame"},
    {232, &PythonLayout::previous, "interpreter_frame.previous"},
    {240, &PythonLayout::code, "interpreter_frame.executable"},
    {248, &PythonLayout::position, "interpreter_frame.instr_ptr"},
    {264, &PythonLayout::owner, "interpreter_frame.owner"},
};
constexpr uint16_t kFreeThreadedFlag = 16;

}  // namespace

const PythonLayout* layout_of(unsigned minor) noexcept {
  for (const PythonLayout& layout : kLayouts) {
    if (layout.minor == minor) return &layout;
  }
  return nullptr;
}

const char* contradiction(const PythonLayout& layout, const uint8_t* runtime) noexcept {
  if (layout.minor < 13) return nullptr;
  if (runtime == nullptr || std::memcmp(runtime, "xdebugpy", 8) != 0) return "no debug offsets in _PyRuntime";
  if (load<uint64_t>(runtime, kFreeThreadedFlag) != 0) return "a free-threaded build";
  for (const DebugOffset& offset : kDebugOffsets_3_13) {
    if (load<uint64_t>(runtime, offset.at) != layout.*offset.field) return offset.name;
  }
  return nullptr;
}

}  // namespace cistern::preload
