// dlopen and dlclose. The module list is read again later, by the next event that sees that one of them was called.
// dlclose does not read its return address, so its hook calls it. dlopen does, so its hook jumps (dlopen_stub.h).
#include "preload/arch/arch.h"
#include "preload/base/real.h"
#include "preload/hooks/interpose.h"
#include "preload/recorder/loader_events.h"

using namespace cistern::preload;

CISTERN_SET_FLAG_AND_JUMP(dlopen, cistern_loader_called, cistern_real_dlopen);

CISTERN_EXPORT int dlclose(void* library) noexcept {
  dlclose_begins();
  const int result = g_real.dlclose(library);
  dlclose_ends();
  return result;
}
