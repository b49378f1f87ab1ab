// What is there to be picked up after a run: the profiles of its images, each with its window finalized in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/launch/child_process.h"
#include "analyzer/live/image_list.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

struct CollectedRun {
  std::string profile;  // of the first image; empty: nothing was recorded
  uint64_t images = 0;
  uint64_t running = 0;  // of them: processes that are still at work
  uint64_t events = 0;
  uint64_t lost_events = 0;
  uint64_t size_bytes = 0;
  std::vector<std::string> finalized;    // profiles of images that have ended, with all that was recorded of them
  std::vector<std::string> problems;  // one line each: what could not be finalized, and why
};

// Folds what can be finalized, and removes directories that are empty then. `ring` says what becomes of the profiles:
// drain packs large ones, snapshot makes totals of all. `child` is the process that was waited for. Throws nothing but
// std::bad_alloc: a problem with one image is no reason to leave the others.
CollectedRun collect(const std::vector<ListedImage>& images, const ChildEnd& child, RingMode ring = RingMode::kSpill);

}  // namespace cistern::analyzer
