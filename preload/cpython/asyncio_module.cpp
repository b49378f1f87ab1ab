#include "preload/cpython/asyncio_module.h"

#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"
#include "preload/cpython/task_layout.h"

namespace cistern::preload {
namespace {

// The symbol _AsyncioDebug may be hidden or stripped, and section headers are not in memory. So the module's data is
// searched for the words that its version publishes. Where the module is built in, that is the interpreter's data.
bool publishes_tasks(const LoadedModule& module, const TaskLayout& layout) noexcept {
  constexpr size_t kBytes = kTaskOffsetWords * sizeof(uint64_t);
  const auto* words = static_cast<const uint64_t*>(module.data);
  for (size_t left = module.data_bytes; left >= kBytes; left -= sizeof(uint64_t), ++words) {
    if (words[0] == layout.task_bytes && module_publishes(layout, words)) return true;
  }
  return false;
}

}  // namespace

bool find_asyncio(Interpreter& python, bool in_use) noexcept {
  if (python.layout == nullptr || python.frame_walk() != FrameWalk::kPlain) return true;
  const TaskLayout& layout = python.layout->tasks;
  if (layout.running_task == kNoOffset || python.coroutine_type == nullptr || python.generator_type == nullptr)
    return true;
  if (contradiction(layout, python.runtime) != nullptr) return true;
  struct Search {
    const TaskLayout& layout;
    uintptr_t interpreter;
    bool in_use;
    bool found;
  } search{layout, python.module_start, in_use, false};
  const bool known = for_each_module(
      [](void* context, const LoadedModule& module) {
        auto& search = *static_cast<Search*>(context);
        if (find_symbol(module, "PyInit__asyncio") == nullptr) return true;
        const bool wanted = search.in_use || module.start != search.interpreter;
        search.found = wanted && publishes_tasks(module, search.layout);
        return false;
      },
      &search);
  if (search.found) python.look_at_tasks();
  return known;
}

}  // namespace cistern::preload
