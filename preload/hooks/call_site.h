// Where a hook was called from.
#pragma once

#include "preload/arch/arch.h"

namespace cistern::preload {

struct CallSite {
  const void* caller;  // the return address
  const void* frame;   // the hook's own: valid until it returns
};

#define CISTERN_CALLER __builtin_return_address(0)
#define CISTERN_CALL_SITE             \
  CallSite {                          \
    CISTERN_CALLER, CISTERN_OWN_FRAME \
  }

}  // namespace cistern::preload
