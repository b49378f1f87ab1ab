// Finalizing a profile and packing it: its segments are packed into a second file, which then replaces the profile.
//   - It may be interrupted anywhere and repeated: the profile is unchanged until the last step, a rename.
//   - Until then readers use the profile, the packed file and the window together.
// Errors: Failure.
#pragma once

#include <optional>
#include <string>

#include "analyzer/model/progress.h"
#include "analyzer/write/finalize.h"

namespace cistern::analyzer {

// finalize(), and packs all segments; with `unpack` unpacks them instead. `packed` is packed_of() the profile; it may
// exist and have part of the segments. `progress`, which may be null, counts bytes of the profile. Returns nothing, and
// changes nothing, when the profile is damaged. Requires: no process writes to any of the three files.
std::optional<FinalizedProfile> finalize_and_pack(const std::string& profile, const std::string& window,
                                                  const std::string& packed, std::optional<WaitStatus> status,
                                                  bool unpack = false, Progress* progress = nullptr);

// The same, with a snapshot in place of the events before latest_snapshot_time(). Returns nothing, and changes nothing,
// when can_be_snapshot() is false.
std::optional<FinalizedProfile> finalize_as_snapshot(const std::string& profile, const std::string& window,
                                                     const std::string& packed, std::optional<WaitStatus> status);

// `cistern run` does not pack smaller profiles: packing them would cost time and save little.
constexpr uint64_t kMinBytesToPack = uint64_t{4} << 20;

}  // namespace cistern::analyzer
