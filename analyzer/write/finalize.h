// Finalizing: what the window of an ended process still holds goes into its profile, and the window goes away. May be
// broken off anywhere and repeated: the window is removed only when the profile has everything, and a segment that is
// there already is not written again. Errors: Failure; the window then stays, and readers take both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cistern/format/image_records.h"

namespace cistern::analyzer {

struct FinalizedProfile {
  uint64_t events = 0;
  uint64_t lost_events = 0;  // those that came after recording had stopped for want of room among them
  uint64_t size_bytes = 0;
};

// How a process ended, as its parent saw it: a status from waitpid(2).
using WaitStatus = int;

// Folds `window` (empty: there is none) into `profile`. With `status`, says in the profile how the image ended, as far
// as it does not say so itself. `packing`: what is added is packed. Events of segments that end before
// `totals_until` are not added: totals stand for them. Requires: no process writes to either any more.
FinalizedProfile finalize(const std::string& profile, const std::string& window, std::optional<WaitStatus> status,
                   bool packing = false, uint64_t totals_until = 0);

// What finalize() would return but for the size, without changing anything. Errors: Failure, when `profile` is unreadable.
FinalizedProfile count_unfinalized(const std::string& profile, const std::string& window);

// The record to add when an image that said `last` ended with `status`; nothing when `last` says all there is.
std::optional<EndRecord> end_to_add(const std::optional<EndRecord>& last, WaitStatus status);

}  // namespace cistern::analyzer
