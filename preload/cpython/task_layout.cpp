#include "preload/cpython/task_layout.h"

#include "preload/cpython/layout.h"

namespace cistern::preload {
namespace {

// Fields of Py_AsyncioModuleDebugOffsets, by word. The other words are sizes and lists that are not read here.
struct ModuleField {
  uint32_t word;
  uint16_t TaskLayout::*field;
};
constexpr ModuleField kModuleFields[] = {
    {0, &TaskLayout::task_bytes},        {2, &TaskLayout::awaited_by}, {3, &TaskLayout::is_task},
    {4, &TaskLayout::awaited_by_is_set}, {5, &TaskLayout::coroutine},  {11, &TaskLayout::running_task},
};

struct PublishedField {
  uint16_t TaskDebugOffsets::*at;
  uint16_t TaskLayout::*field;
  const char* name;
};
constexpr PublishedField kPublishedFields[] = {
    {&TaskDebugOffsets::stackpointer, &TaskLayout::stack_pointer, "interpreter_frame.stackpointer"},
    {&TaskDebugOffsets::used, &TaskLayout::set_used, "set_object.used"},
    {&TaskDebugOffsets::table, &TaskLayout::set_table, "set_object.table"},
    {&TaskDebugOffsets::mask, &TaskLayout::set_mask, "set_object.mask"},
    {&TaskDebugOffsets::gi_iframe, &TaskLayout::frame, "gen_object.gi_iframe"},
    {&TaskDebugOffsets::gi_frame_state, &TaskLayout::frame_state, "gen_object.gi_frame_state"},
};

}  // namespace

bool module_publishes(const TaskLayout& layout, const uint64_t* words) noexcept {
  for (const ModuleField& field : kModuleFields) {
    if (words[field.word] != layout.*field.field) return false;
  }
  return true;
}

const char* contradiction(const TaskLayout& layout, const uint8_t* runtime) noexcept {
  for (const PublishedField& field : kPublishedFields) {
    if (load<uint64_t>(runtime, layout.published.*field.at) != layout.*field.field) return field.name;
  }
  return nullptr;
}

}  // namespace cistern::preload
