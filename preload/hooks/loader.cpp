// dlclose: it does not look at its caller, so that a hook may call it (dlopen does: loader.S).
#include "preload/base/real.h"
#include "preload/hooks/export.h"
#include "preload/recorder/lifecycle.h"

using namespace cistern::preload;

CISTERN_EXPORT int dlclose(void* library) noexcept {
  library_closes();
  const int result = cistern_real_dlclose(library);
  library_closed();
  return result;
}
