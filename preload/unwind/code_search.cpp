#include "preload/unwind/code_search.h"

#include <cstddef>

#include "preload/base/loaded_modules.h"
#include "preload/base/spin_lock.h"

namespace cistern::preload {
namespace {

CallFrameInfo info_of(const LoadedModule& module) noexcept {
  return {module.eh_frame_header, module.start, module.end};
}

// Modules that were found before, where each search reads a file of the kernel.
struct KnownInfo {
  static constexpr size_t kCapacity = 1024;
  SpinLock lock;
  size_t count = 0;
  CallFrameInfo infos[kCapacity];

  bool find(uintptr_t pc, CallFrameInfo& found) const noexcept {
    for (size_t i = 0; i < count; ++i) {
      if (pc < infos[i].start || pc >= infos[i].end) continue;
      found = infos[i];
      return true;
    }
    return false;
  }
};
constinit KnownInfo g_known;

CallFrameInfo ask(uintptr_t pc) noexcept {
  CallFrameInfo found;
  visit_module_at(
      pc, [](void* context, const LoadedModule& module) { *static_cast<CallFrameInfo*>(context) = info_of(module); },
      &found);
  return found;
}

}  // namespace

CallFrameInfo find_code(uintptr_t pc) noexcept {
  if (module_search_is_cheap()) {
    CodeRange range;
    if (!find_code_range(pc, range)) return {};
    return {range.eh_frame_header, range.start, range.end};
  }
  CallFrameInfo found;
  const Locked locked(g_known.lock);
  if (g_known.find(pc, found)) return found;
  found = ask(pc);
  if (found.start != 0 && g_known.count < KnownInfo::kCapacity) g_known.infos[g_known.count++] = found;
  return found;
}

void forget_known_code() noexcept {
  const Locked locked(g_known.lock);
  g_known.count = 0;
}

void abandon_code_search() noexcept {
  g_known.lock.reset();
}

}  // namespace cistern::preload
