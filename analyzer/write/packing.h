// Packing: the plain segments of a profile whose process has ended, packed into a file that then takes the profile's
// place. May be broken off anywhere and repeated: until the last step the profile is as it was, and readers take it,
// the packed file and the window together. Errors: Failure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/progress.h"
#include "analyzer/read/failure.h"
#include "analyzer/write/finalize.h"

namespace cistern::analyzer {

// Like finalize(), and packs the profile, or with `plain` unpacks it. `packed` is packed_of() it, where some of it may lie
// already. `progress`, which may be null, is told of the profile's bytes. Nothing, and nothing is done, when the
// profile is damaged: finalize() leaves the damage where it is. Requires: no process writes to any of the three.
std::optional<FinalizedProfile> finalize_and_pack(const std::string& profile, const std::string& window,
                                           const std::string& packed, std::optional<WaitStatus> status,
                                           bool plain = false, Progress* progress = nullptr);

// Like finalize_and_pack(), and puts totals in the place of events up to last_cut(). Nothing, and nothing is done, when the
// profile cannot be aggregated.
std::optional<FinalizedProfile> finalize_as_snapshot(const std::string& profile, const std::string& window,
                                                const std::string& packed, std::optional<WaitStatus> status);

// `cistern run` leaves a smaller profile plain: not worth the time that its user would wait.
constexpr uint64_t kLeastToPack = uint64_t{4} << 20;

struct PackOptions {
  std::vector<std::string> paths;
  std::string output;      // empty: in the profile's place
  bool plain = false;      // the other way round
  bool snapshot = false;  // totals in the place of events
};

// The command `cistern pack`: each profile with all its images, windows finalized in. Says on stdout what became of it.
// Errors: Failure, exit code 3, when a process of it still runs, or a profile is damaged: it is left as it is.
ExitCode pack_profiles(const PackOptions& options);

}  // namespace cistern::analyzer
