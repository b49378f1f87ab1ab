// The public C API; see cistern/cistern.h.
#include <string.h>

#define CISTERN_IMPLEMENTATION
#include "cistern/cistern.h"
#include "preload/base/recording_switch.h"
#include "preload/hooks/interpose.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/control.h"

using namespace cistern::preload;

namespace {

// The image of a forked child that has not allocated yet begins here.
void begin_image_if_forked() noexcept {
  if ((g_recording_switch.mask.load(std::memory_order_relaxed) & kDecided) == 0)
    take_slow_path(cistern::Domain::kMalloc, nullptr);
}

}  // namespace

CISTERN_EXPORT void cistern_mark(const char* name) {
  begin_image_if_forked();
  mark(name != nullptr ? name : "");
}

CISTERN_EXPORT void cistern_start() {
  begin_image_if_forked();
  start_recording();
}

CISTERN_EXPORT void cistern_stop() {
  begin_image_if_forked();
  stop_recording();
}

CISTERN_EXPORT int cistern_flush() {
  begin_image_if_forked();
  return flush();
}

CISTERN_EXPORT int cistern_enabled() {
  begin_image_if_forked();
  return (g_recording_switch.mask.load(std::memory_order_relaxed) & ~kDecided) != 0 ? 1 : 0;
}
