// Whether the process that wrote a profile still runs.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

// True when process `pid` exists, was started `start_ticks` clock ticks after boot (field 22 of /proc/PID/stat), and is
// no zombie. Without /proc, or with an unknown start (0), any process `pid` counts as the writer: its files must not be
// changed.
bool process_lives(uint32_t pid, uint64_t start_ticks);

}  // namespace cistern::analyzer
