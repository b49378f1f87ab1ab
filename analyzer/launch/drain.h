// `cistern drain`: packs the profiles of running processes until the last one has ended, then finishes them. The
// processes need not be its children, and it may be killed and started again: nothing is lost, and no process waits for
// it. `cistern exec` starts it in the background.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/launch/collect.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

// A process that may still make images.
struct WatchedProcess {
  uint32_t pid = 0;
  uint64_t start_ticks = 0;
};
// "PID:START_TICKS". Nothing when it is malformed.
std::optional<WatchedProcess> parse_process(const std::string& text);
std::string text_of(const WatchedProcess& process);

struct DrainRequest {
  std::string profile;  // of the first image
  RingMode ring = RingMode::kDrain;
  std::optional<WatchedProcess> process;  // wait at least until it has ended; the profile need not exist yet
  bool symbols = true;
};

// Errors: Failure, exit code 3, when `profile` is no profile or another cistern packs it.
CollectedRun drain(const DrainRequest& request);

}  // namespace cistern::analyzer
