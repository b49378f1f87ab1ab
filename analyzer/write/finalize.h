// Finalizing a profile: the window of an ended process is appended to its profile file and removed.
//   - It may be interrupted anywhere and repeated: the window is removed last, and a segment is never written twice.
//   - Until then readers use both files.
// Errors: Failure; the window then stays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cistern/format/image_records.h"

namespace cistern::analyzer {

struct FinalizedProfile {
  uint64_t events = 0;
  uint64_t lost_events = 0;  // including events after recording stopped because the profile or the disk was full
  uint64_t size_bytes = 0;
  bool stopped = false;  // recording stopped before the image ended
};

// How a process ended: the status that waitpid(2) gave its parent.
using WaitStatus = int;

// Appends `window` (empty: there is none) to `profile`. With `status`, records how the image ended if the profile does
// not say. `pack`: appended segments are packed. Event segments that end before `snapshot_time` are left out: the
// profile's snapshot contains them. Requires: no process writes to either file any more.
FinalizedProfile finalize(const std::string& profile, const std::string& window, std::optional<WaitStatus> status,
                          bool pack = false, uint64_t snapshot_time = 0);

// The counts that finalize() would return, and the present size. Changes nothing.
// Errors: Failure when `profile` is unreadable.
FinalizedProfile count_unfinalized(const std::string& profile, const std::string& window);

// The end record to add when the record stream ends with `last` and the process ended with `status`. Nothing when
// `last` says as much.
std::optional<EndRecord> end_to_add(const std::optional<EndRecord>& last, WaitStatus status);

}  // namespace cistern::analyzer
