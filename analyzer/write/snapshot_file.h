// A profile file that begins with a snapshot: the snapshot replaces the image's events before a moment; records and
// later events follow. It is written beside the image's packed file and then renamed over it. A kill at any time leaves
// the old or the new file, each with everything that the profile file lacks.
// Errors: Failure; the packed file is then unchanged.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// False when part of the image cannot be read: a snapshot would hide that its sums are wrong.
bool can_be_snapshot(const Image& image) noexcept;

// The latest moment up to which a snapshot may replace the events of an image that has ended: its end state. If the
// image was cut off, the last seconds keep their events, unless these are too large.
uint64_t latest_snapshot_time(const Image& image);

struct SnapshotFile {
  uint64_t time = 0;           // the snapshot has the events before it
  uint64_t live_blocks = 0;    // at that time
  uint64_t profile_bytes = 0;  // the snapshot file has all segments of the profile file before this offset
};

// Which segments of the profile file are copied behind the snapshot.
enum class CopiedSegments : uint8_t {
  kAll,           // all that are not in the snapshot
  kBeforeEvents,  // only those before the first segment with later events: the process still appends
};

// Writes a snapshot of the image, with the events before `until`, into `packed`. Segments of the window are in the
// snapshot but are not copied. Requires: can_be_snapshot(image).
SnapshotFile write_snapshot_file(const Image& image, uint64_t until, const std::string& packed,
                                 CopiedSegments copied = CopiedSegments::kAll);

}  // namespace cistern::analyzer
