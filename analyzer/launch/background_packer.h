// Starts `cistern drain` in the background for a program that this process is going to become.
#pragma once

#include "analyzer/launch/drain.h"

namespace cistern::analyzer {

// The packer has a session of its own, no descriptor, working directory or signal of this process, and is no child of
// it: the program never sees it. It is the first to be killed when memory is short. Call it with one thread.
// Errors: Failure, exit code 125, when no process can be made.
void start_background_packer(const DrainRequest& request);

}  // namespace cistern::analyzer
