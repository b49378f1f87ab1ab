// The CPython versions whose stacks are recorded, and where each keeps its data: the only such list in C++. Each
// version is written as its difference from the one before.
//
// To add a version: one function here, one row in kVersions, its published values in tests/preload/cpython/
// versions_test.cpp, and its name in scripts/python-matrix (SUPPORTED), which a test compares with kVersions.
//
// Checked by walking frames of every kind on 3.8.18, 3.9.18, 3.10.13, 3.11.2, 3.11.7, 3.12.1, 3.13.0, 3.14.10
// and 3.15.2, and without the GIL on 3.13.15, 3.14.7 and 3.15.0rc1. Sources:
//   frames and code   Include/cpython/frameobject.h, pystate.h and code.h (3.8 – 3.10), Include/internal/pycore_frame.h
//                     (3.11 – 3.13), pycore_interpframe_structs.h and pycore_interp_structs.h (3.14, 3.15)
//   published         _Py_DebugOffsets: Include/internal/pycore_runtime.h (3.13), pycore_debug_offsets.h (3.14, 3.15)
//   tasks             Modules/_asynciomodule.c (TaskObj, FutureObj_HEAD), Include/internal/pycore_tstate.h,
//                     pycore_interpframe_structs.h (_PyGenObject_HEAD), pycore_frame.h (PyFrameState) and
//                     Include/cpython/setobject.h (3.14, 3.15)
#include "preload/cpython/layout.h"

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
  it.tasks.running_task = kNoOffset;
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
  it.thread_local_state = true;
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
  it.has_init_cleanup = true;
  it.published = {
      .interp = 176,
      .current_frame = 184,
      .thread_id = 192,
      .previous = 232,
      .executable = 240,
      .instr_ptr = 248,
      .owner = 264,
      .tlbc_index = 0,
      .filename = 280,
      .code_name = 288,
      .qualname = 296,
      .linetable = 304,
      .firstlineno = 312,
      .co_code_adaptive = 344,
      .co_tlbc = 0,
      .ob_type = 360,
      .ob_size = 520,
      .ob_sval = 528,
      .text_state = 544,
      .text_length = 552,
      .asciiobject_size = 560,
      .gc = 80,
      .collecting = 576,
  };
  return it;
}

// A build without the GIL, 3.13: the head of every object is 16 bytes longer (struct _object, Include/object.h). Tasks
// are not followed: other threads may change them at any time.
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
  it.tasks.running_task = kNoOffset;
  return it;
}

constexpr PythonLayout layout_3_14() noexcept {
  PythonLayout it = layout_3_13();
  it.minor = 14;
  it.owner = 74;
  it.instructions = 208;
  it.collector = 7432;
  // 3.14.0 – 3.14.4 collect incrementally and have no pointer to the array. The other fields lie where later ones do.
  it.collector_self = 0;
  it.collecting = 168;
  it.statistics = 96;
  it.tasks = {
      .running_task = 872,
      .awaited_by = 96,
      .is_task = 108,
      .awaited_by_is_set = 109,
      .coroutine = 128,
      .task_bytes = 168,
      .frame = 72,
      .frame_state = 67,
      .created = -3,
      .awaiting = -1,
      .executing = 0,
      .stack_pointer = 64,
      .awaited_below = 8,
      .set_used = 24,
      .set_mask = 32,
      .set_table = 40,
      .published =
          {.stackpointer = 296, .used = 504, .table = 512, .mask = 520, .gi_iframe = 680, .gi_frame_state = 688},
  };
  it.published = {
      .interp = 200,
      .current_frame = 208,
      .thread_id = 216,
      .previous = 256,
      .executable = 264,
      .instr_ptr = 272,
      .owner = 288,
      .tlbc_index = 304,
      .filename = 320,
      .code_name = 328,
      .qualname = 336,
      .linetable = 344,
      .firstlineno = 352,
      .co_code_adaptive = 384,
      .co_tlbc = 392,
      .ob_type = 408,
      .ob_size = 600,
      .ob_sval = 608,
      .text_state = 624,
      .text_length = 632,
      .asciiobject_size = 640,
      .gc = 88,
      .collecting = 656,
  };
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
  it.tasks.running_task = 1032;
  it.tasks.created = 0;
  it.tasks.awaiting = 2;
  it.tasks.executing = 4;
  // A null lies above the awaitable (seen in 3.15.2; _PyGen_yf peeks at the second word).
  it.tasks.awaited_below = 16;
  it.tasks.published = {
      .stackpointer = 360, .used = 600, .table = 608, .mask = 616, .gi_iframe = 808, .gi_frame_state = 816};
  it.published = {
      .interp = 200,
      .current_frame = 208,
      .thread_id = 240,
      .previous = 320,
      .executable = 328,
      .instr_ptr = 336,
      .owner = 352,
      .tlbc_index = 368,
      .filename = 384,
      .code_name = 392,
      .qualname = 400,
      .linetable = 408,
      .firstlineno = 416,
      .co_code_adaptive = 448,
      .co_tlbc = 456,
      .ob_type = 472,
      .ob_size = 696,
      .ob_sval = 704,
      .text_state = 720,
      .text_length = 728,
      .asciiobject_size = 736,
      .gc = 88,
      .collecting = 760,
  };
  return it;
}

// A build without the GIL, 3.14 and later: frames have the index of a bytecode copy (struct _PyInterpreterFrame,
// pycore_interpframe_structs.h), code objects have an array of copies (_PyCode_DEF, Include/cpython/code.h), and
// `interned` of a string is a whole byte (unicodeobject.h).
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

constexpr PythonLayout kVersions[] = {
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

}  // namespace

std::span<const PythonLayout> supported_versions() noexcept {
  return kVersions;
}

}  // namespace cistern::preload
