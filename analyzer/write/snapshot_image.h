// Makes totals of an image's events up to a moment: replays them, as a report would, with what reports look at on their
// way (windows of growth, pools), and writes the state that this leaves. What an image's totals say of earlier events
// is part of it: an image may be aggregated again and again as it grows.
#pragma once

#include <cstdint>

#include "analyzer/pack/snapshot_writer.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

struct SnapshotExtent {
  uint64_t time = 0;         // events earlier than this are totals
  uint64_t live_blocks = 0;  // then
};

// Writes the totals of the events earlier than `until` (UINT64_MAX: of all). Requires: until is not earlier than
// image.begin_time().
SnapshotExtent snapshot(const Image& image, uint64_t until, SnapshotWriter& out);

}  // namespace cistern::analyzer
