// The public C API, see cistern/cistern.h.
#include <string.h>

#define CISTERN_IMPLEMENTATION
#include "cistern/cistern.h"
#include "preload/base/recording_switch.h"
#include "preload/hooks/export.h"
#include "preload/recorder/control.h"
#include "preload/recorder/lifecycle.h"

using namespace cistern::preload;

namespace {

// A forked child that has not allocated yet begins its image here.
void awake() noexcept {
  if ((g_gate.mask.load(std::memory_order_relaxed) & kAwake) == 0) wake(cistern::Domain::kMalloc, nullptr);
}

}  // namespace

CISTERN_EXPORT void cistern_mark(const char* name) {
  awake();
  mark(name != nullptr ? name : "");
}

CISTERN_EXPORT void cistern_start() {
  awake();
  start_recording();
}

CISTERN_EXPORT void cistern_stop() {
  awake();
  stop_recording();
}

CISTERN_EXPORT int cistern_flush() {
  awake();
  return flush();
}

CISTERN_EXPORT int cistern_enabled() {
  awake();
  return (g_gate.mask.load(std::memory_order_relaxed) & ~kAwake) != 0 ? 1 : 0;
}
