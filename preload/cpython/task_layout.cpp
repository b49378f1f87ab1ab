#include "preload/cpython/task_layout.h"

namespace cistern::preload {
namespace {

constexpr unsigned kFirstMinor = 14;

constexpr TaskLayout layout_3_14() noexcept {
  TaskLayout it{};
  it.minor = 14;
  it.running_task = 872;
  it.awaited_by = 96;
  it.is_task = 108;
  it.awaited_by_is_set = 109;
  it.coroutine = 128;
  it.task_bytes = 168;
  it.frame = 72;
  it.frame_state = 67;
  it.created = -3;
  it.awaiting = -1;
  it.executing = 0;
  it.stack_pointer = 64;
  it.awaited_below = 8;
  it.set_used = 24;
  it.set_mask = 32;
  it.set_table = 40;
  return it;
}

// Above the awaitable lies a null (seen in 3.15.2; _PyGen_yf peeks at the second word).
constexpr TaskLayout layout_3_15() noexcept {
  TaskLayout it = layout_3_14();
  it.minor = 15;
  it.running_task = 1032;
  it.created = 0;
  it.awaiting = 2;
  it.executing = 4;
  it.awaited_below = 16;
  return it;
}

constexpr TaskLayout kLayouts[] = {layout_3_14(), layout_3_15()};

// Fields of Py_AsyncioModuleDebugOffsets, by word: the rest are sizes and lists that nobody here reads.
struct Published {
  uint32_t word;
  uint16_t TaskLayout::*field;
};
constexpr Published kPublished[] = {
    {0, &TaskLayout::task_bytes},        {2, &TaskLayout::awaited_by}, {3, &TaskLayout::is_task},
    {4, &TaskLayout::awaited_by_is_set}, {5, &TaskLayout::coroutine},  {11, &TaskLayout::running_task},
};

// Where _Py_DebugOffsets says it, by minor version (Include/internal/pycore_debug_offsets.h): u64 fields.
struct DebugOffset {
  uint16_t at[2];  // in 3.14, 3.15
  uint16_t TaskLayout::*field;
  const char* name;
};
constexpr DebugOffset kDebugOffsets[] = {
    {{296, 360}, &TaskLayout::stack_pointer, "interpreter_frame.stackpointer"},
    {{504, 600}, &TaskLayout::set_used, "set_object.used"},
    {{512, 608}, &TaskLayout::set_table, "set_object.table"},
    {{520, 616}, &TaskLayout::set_mask, "set_object.mask"},
    {{680, 808}, &TaskLayout::frame, "gen_object.gi_iframe"},
    {{688, 816}, &TaskLayout::frame_state, "gen_object.gi_frame_state"},
};

}  // namespace

const TaskLayout* task_layout_of(unsigned minor) noexcept {
  for (const TaskLayout& layout : kLayouts) {
    if (layout.minor == minor) return &layout;
  }
  return nullptr;
}

bool publishes(const TaskLayout& layout, const uint64_t* words) noexcept {
  for (const Published& published : kPublished) {
    if (words[published.word] != layout.*published.field) return false;
  }
  return true;
}

const char* contradiction(const TaskLayout& layout, const uint8_t* runtime) noexcept {
  for (const DebugOffset& offset : kDebugOffsets) {
    if (load<uint64_t>(runtime, offset.at[layout.minor - kFirstMinor]) != layout.*offset.field) return offset.name;
  }
  return nullptr;
}

}  // namespace cistern::preload
