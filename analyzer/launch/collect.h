// Collects the profiles of a run after the program has ended: finalizes those whose processes have ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/launch/child_process.h"
#include "analyzer/live/image_source.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

struct CollectedRun {
  std::string profile;  // of the first image; empty: nothing was recorded
  uint64_t images = 0;
  uint64_t running = 0;  // of these: processes that still run
  uint64_t events = 0;
  uint64_t lost_events = 0;
  uint64_t stopped = 0;  // images whose recording stopped before they ended
  uint64_t size_bytes = 0;
  std::vector<std::string> finalized;  // profiles of images that have ended, complete
  std::vector<std::string> problems;   // one line each: which profile could not be finalized, and why
};

// Finalizes the profiles of `images` whose processes have ended, and removes directories that become empty. `ring`:
// drain also packs large profiles, snapshot replaces events by snapshots. `child` is the process that `cistern run`
// started. Throws only std::bad_alloc: a problem with one image does not affect the others.
CollectedRun collect(const std::vector<ListedImage>& images, const ChildEnd& child, RingMode ring = RingMode::kSpill);

// Stores the names of native functions in the finalized profiles. A failure is a problem but loses nothing: reports
// look names up too.
void add_symbols(CollectedRun& collected);

}  // namespace cistern::analyzer
