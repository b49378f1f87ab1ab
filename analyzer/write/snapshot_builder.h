// Builds a snapshot of an image: the heap at one moment, and sums of the events before it. It replays the events as the
// reports do, with the observers of growth and pools, and writes the resulting state. A snapshot that the image begins
// with is its starting point, so an image may be snapshotted again as it grows.
#pragma once

#include <cstdint>

#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

struct SnapshotExtent {
  uint64_t time = 0;         // the snapshot has the events before it
  uint64_t live_blocks = 0;  // at that time
};

// Writes the snapshot of the events before `until` (UINT64_MAX: all events). Requires: until >= image.begin_time().
SnapshotExtent build_snapshot(const Image& image, uint64_t until, SnapshotWriter& out);

}  // namespace cistern::analyzer
