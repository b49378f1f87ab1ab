// Whether the process that records an image still runs. Its lock on the profile file tells (ImageLock); without a lock
// pid and start time do, but only in the pid namespace where they are valid.
#pragma once

#include <cstdint>
#include <string>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

enum class Liveness : uint8_t {
  kRuns,
  kEnded,    // the image: the process has ended or called exec
  kUnknown,  // no lock, and another pid namespace: its files must not be changed
};

// `profile` is the file with this header; `descriptor`, if it is not negative, leads to that file.
Liveness liveness_of(const std::string& profile, const ProfileHeader& header, int descriptor = -1);

// Whether the pids in `header` are valid here.
bool is_in_our_pid_namespace(const ProfileHeader& header);

// Field 22 of /proc/PID/stat; 0 when it is unknown.
uint64_t start_ticks_of(uint32_t pid);

// True when process `pid` exists, was started `start_ticks` clock ticks after boot (field 22 of /proc/PID/stat), and is
// no zombie. Without /proc, or with an unknown start (0), any process `pid` counts as the writer.
bool process_lives(uint32_t pid, uint64_t start_ticks);

}  // namespace cistern::analyzer
