// Whether a process that wrote a profile still runs.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

// True when there is a process `pid` that was started `start_ticks` after boot (field 22 of /proc/PID/stat) and is no
// zombie. False also where /proc does not show it. Where there is no /proc, or the start is unknown (0), any process
// `pid` is taken for it: nobody else may write to its files.
bool process_lives(uint32_t pid, uint64_t start_ticks);

}  // namespace cistern::analyzer
