// How a hook decides what to do with a call, from whether the thread is in another one and the recording switch: two
// loads. Any thread.
#pragma once

#include "cistern/format/domain.h"
#include "preload/base/recording_switch.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/hook_callbacks.h"

namespace cistern::preload {

enum class HookAction {
  kRecord,
  kPassOn,    // call the real function and record nothing
  kSlowPath,  // take_slow_path() decides
};

inline HookAction hook_action(Domain domain) noexcept {
  const uintptr_t inside = t_context.inside;
  // A nested call lies deeper.
  if (inside != 0) return stack_pointer() < inside ? HookAction::kPassOn : HookAction::kSlowPath;
  const uint32_t mask = g_recording_switch.mask.load(std::memory_order_acquire);
  if (__builtin_expect((mask & bit_of(domain)) != 0, 1)) return HookAction::kRecord;
  return (mask & kDecided) != 0 ? HookAction::kPassOn : HookAction::kSlowPath;
}

// For a process that has not decided yet whether it is recorded, and for a forked child that has no image yet: starts
// recording, or begins the child's image. For a call that seems to be in another one, but does not lie deeper: the
// thread has left that one by a jump. `caller` is the return address of the hook, or nullptr. Returns whether `domain`
// is recorded now.
bool take_slow_path(Domain domain, const void* caller, const HookCallbacks& hooks) noexcept;

}  // namespace cistern::preload
