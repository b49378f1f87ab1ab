// A snapshot: a profile file with totals in the place of an image's events up to a moment, and all the rest: records,
// and the events from then on. It is made beside the image's packed file and takes its place at once, so that readers
// and whoever comes after a kill find the one before or this one, each with everything that the profile lacks.
// Errors: Failure; the packed file is then as it was.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

// Whether all of the image can be read. Of another one nothing is made totals of: the damage would be in them.
bool can_be_snapshot(const Image& image) noexcept;

// The latest moment up to which totals may stand for the events of an image that has ended: its end state, which
// reports tell of. Of one that was cut off, its last seconds stay, where they are few.
uint64_t last_cut(const Image& image);

struct SnapshotFile {
  uint64_t time = 0;         // events earlier than this are totals
  uint64_t live_blocks = 0;  // then
  // What lies before it in the profile file is in the snapshot.
  uint64_t profile_bytes = 0;
};

// What is copied of the profile file: all that is not in the totals; or while its process appends to it, only what lies
// before the first segment with later events.
enum class Copied : uint8_t { kAll, kWhatComesFirst };

// Puts a snapshot of the image, with totals up to `until`, into `packed`. What lies in the window is not copied; it
// is in the totals all the same. Requires: can_be_snapshot(image).
SnapshotFile write_snapshot(const Image& image, uint64_t until, const std::string& packed,
                            Copied copied = Copied::kAll);

}  // namespace cistern::analyzer
