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
  it.positions = Positions::kIndexes;
  it.position_scale = 1;
  it.owner = kNoOffset;
  it.is_entry = kNoOffset;
  it.copy_index = kNoOffset;
  it.object_type = 8;
  it.object_size = 16;
  it.code_flags = 36;
  it.first_line = 40;
  it.constants = 56;
  it.file = 104;
  it.name = 112;
  it.qualified_name = kNoOffset;
  it.line_table = 120;
  it.instructions = kNoOffset;
  it.copies = kNoOffset;
  it.line_table_kind = LineTableKind::kLnotab;
  it.bytes_data = 32;
  it.text_length = 16;
  it.text_state = 32;
  it.text_kind = 2;
  it.ascii_data = 48;
  it.wide_data = 72;
  it.collector = 368;
  it.collector_in_runtime = true;
  it.collector_self = 72;
  it.collector_enabled = -12;  // two ints and a pad before
  it.collecting = 176;
  it.statistics = 104;
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
  it.positions = Positions::kInCode;
  it.owner = 69;
  it.is_entry = 68;
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
  it.is_entry = kNoOffset;
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

// Objects without the GIL (struct _object, Include/object.h, 3.13): their head is 16 bytes longer.
constexpr PythonLayout without_gil(PythonLayout it) noexcept {
  constexpr uint16_t kLonger = 16;
  it.free_threaded = true;
  for (uint16_t PythonLayout::*const field :
       {&PythonLayout::object_type, &PythonLayout::object_size, &PythonLayout::code_flags, &PythonLayout::first_line,
        &PythonLayout::constants, &PythonLayout::file, &PythonLayout::name, &PythonLayout::qualified_name,
        &PythonLayout::line_table, &PythonLayout::instructions, &PythonLayout::bytes_data, &PythonLayout::text_length,
        &PythonLayout::text_state, &PythonLayout::ascii_data, &PythonLayout::wide_data}) {
    it.*field += kLonger;
  }
  it.collector_self = 0;
  it.arena_bytes = it.pool_bytes = 0;
  return it;
}

constexpr PythonLayout layout_3_14() noexcept {
  PythonLayout it = layout_3_13();
  it.minor = 14;
  it.owner = 74;
  it.instructions = 208;
  it.collector = 7432;
  // 3.14.0 – 3.14.4 collect incrementally and have no such pointer; what else is read lies where it does later.
  it.collector_self = 0;
  it.collecting = 168;
  it.statistics = 96;
  return it;
}

constexpr PythonLayout layout_3_15() noexcept {
  PythonLayout it = layout_3_14();
  it.minor = 15;
  it.tstate_thread = 176;
  it.collector = 7408;
  it.collector_self = 160;
  it.collector_enabled = -8;
  it.collecting = 104;
  it.statistics = 96;
  it.statistics_in_rings = true;
  return it;
}

// 3.14 and 3.15: frames have an index more (struct _PyInterpreterFrame, pycore_interpframe_structs.h), code objects an
// array (_PyCode_DEF, Include/cpython/code.h), and `interned` of a string is a whole byte (unicodeobject.h).
constexpr PythonLayout without_gil_since_3_14(const PythonLayout& with_gil) noexcept {
  PythonLayout it = without_gil(with_gil);
  it.positions = Positions::kInCopies;
  it.copy_index = 72;
  it.owner += 4;
  it.copies = it.instructions;
  it.instructions += 8;
  it.text_kind = 8;
  return it;
}

constexpr PythonLayout kLayouts[] = {
    layout_3_8(),
    layout_3_9(),
    layout_3_10(),
    layout_3_11(),
    layout_3_12(),
    layout_3_13(),
    layout_3_14(),
    layout_3_15(),
    without_gil(layout_3_13()),
    without_gil_since_3_14(layout_3_14()),
    without_gil_since_3_14(layout_3_15()),
};

// Where _Py_DebugOffsets says it, by minor version: u64 fields. 3.15 has new ones in the middle.
constexpr unsigned kFirstDebugMinor = 13;
struct DebugOffset {
  uint16_t at[3];  // in 3.13, 3.14, 3.15; 0: it does not say it
  uint16_t PythonLayout::*field;
  const char* name;
};
constexpr DebugOffset kDebugOffsets[] = {
    {{184, 208, 208}, &PythonLayout::tstate_frame, "thread_state.current_frame"},
    {{192, 216, 240}, &PythonLayout::tstate_thread, "thread_state.thread_id"},
    {{232, 256, 320}, &PythonLayout::previous, "interpreter_frame.previous"},
    {{240, 264, 328}, &PythonLayout::code, "interpreter_frame.executable"},
    {{248, 272, 336}, &PythonLayout::position, "interpreter_frame.instr_ptr"},
    {{264, 288, 352}, &PythonLayout::owner, "interpreter_frame.owner"},
    {{0, 304, 368}, &PythonLayout::copy_index, "interpreter_frame.tlbc_index"},
    {{280, 320, 384}, &PythonLayout::file, "code_object.filename"},
    {{288, 328, 392}, &PythonLayout::name, "code_object.name"},
    {{296, 336, 400}, &PythonLayout::qualified_name, "code_object.qualname"},
    {{304, 344, 408}, &PythonLayout::line_table, "code_object.linetable"},
    {{312, 352, 416}, &PythonLayout::first_line, "code_object.firstlineno"},
    {{344, 384, 448}, &PythonLayout::instructions, "code_object.co_code_adaptive"},
    {{0, 392, 456}, &PythonLayout::copies, "code_object.co_tlbc"},
    {{360, 408, 472}, &PythonLayout::object_type, "pyobject.ob_type"},
    {{520, 600, 696}, &PythonLayout::object_size, "bytes_object.ob_size"},
    {{528, 608, 704}, &PythonLayout::bytes_data, "bytes_object.ob_sval"},
    {{544, 624, 720}, &PythonLayout::text_state, "unicode_object.state"},
    {{552, 632, 728}, &PythonLayout::text_length, "unicode_object.length"},
    {{560, 640, 736}, &PythonLayout::ascii_data, "unicode_object.asciiobject_size"},
};
constexpr uint16_t kVersion = 8;  // PY_VERSION_HEX
constexpr uint16_t kFreeThreadedFlag = 16;
constexpr uint16_t kInterpreterField[] = {176, 200, 200};  // thread_state.interp
constexpr uint16_t kCollectorField[] = {80, 88, 88};       // interpreter_state.gc
constexpr uint16_t kCollectingField[] = {576, 656, 760};   // gc.collecting, in that

bool publishes_offsets(const uint8_t* runtime) noexcept {
  return runtime != nullptr && std::memcmp(runtime, "xdebugpy", 8) == 0;
}

}  // namespace

const PythonLayout* layout_of(unsigned minor, bool free_threaded) noexcept {
  for (const PythonLayout& layout : kLayouts) {
    if (layout.minor == minor && layout.free_threaded == free_threaded) return &layout;
  }
  return nullptr;
}

bool is_free_threaded(unsigned minor, const uint8_t* runtime) noexcept {
  return minor >= kFirstDebugMinor && publishes_offsets(runtime) && load<uint64_t>(runtime, kFreeThreadedFlag) != 0;
}

const char* contradiction(const PythonLayout& layout, const uint8_t* runtime) noexcept {
  if (layout.minor < kFirstDebugMinor) return nullptr;
  if (!publishes_offsets(runtime)) return "no debug offsets in _PyRuntime";
  if (load<uint64_t>(runtime, kVersion) >> 16 != (0x300u | layout.minor))
    return "the debug offsets are another version's";
  if (is_free_threaded(layout.minor, runtime) != layout.free_threaded) return "the debug offsets are another build's";
  const unsigned column = layout.minor - kFirstDebugMinor;
  for (const DebugOffset& offset : kDebugOffsets) {
    const uint16_t expected = layout.*offset.field;
    if (offset.at[column] == 0 || expected == kNoOffset) continue;
    if (load<uint64_t>(runtime, offset.at[column]) != expected) return offset.name;
  }
  if (load<uint64_t>(runtime, kInterpreterField[column]) != kTstateInterpreter) return "thread_state.interp";
  const uint64_t collecting =
      load<uint64_t>(runtime, kCollectorField[column]) + load<uint64_t>(runtime, kCollectingField[column]);
  if (collecting != uint64_t{layout.collector} + static_cast<uint64_t>(layout.collecting)) return "gc.collecting";
  return nullptr;
}

}  // namespace cistern::preload
