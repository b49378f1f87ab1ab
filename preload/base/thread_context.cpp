#include "preload/base/thread_context.h"

namespace cistern::preload {

thread_local constinit ThreadContext t_context{};

}  // namespace cistern::preload
