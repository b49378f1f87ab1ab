// Whether a hook records a call. Any thread; see recorder/slow_path.h.
#pragma once

#include "preload/recorder/slow_path.h"

namespace cistern::preload {

// What the recorder calls in hooks/: initialized by the loader, before any hook can be called.
extern const HookCallbacks kHookCallbacks;

// Requires that `caller` is the hook's return address.
inline bool take_slow_path(Domain domain, const void* caller) noexcept {
  return take_slow_path(domain, caller, kHookCallbacks);
}

inline bool should_record(Domain domain, const void* caller) noexcept {
  const HookAction action = hook_action(domain);
  return action == HookAction::kRecord || (action == HookAction::kSlowPath && take_slow_path(domain, caller));
}

}  // namespace cistern::preload
