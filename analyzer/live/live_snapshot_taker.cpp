#include "analyzer/live/live_snapshot_taker.h"

#include <algorithm>
#include <filesystem>

#include "analyzer/model/end_state.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/write/snapshot_file.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMinDueBytes = uint64_t{16} << 20;
// A live block costs a snapshot as much as about five events of five bytes.
constexpr uint64_t kDueBytesPerBlock = 24;
// A thread may be suspended between taking an event's time and publishing the event. The snapshot leaves out events of
// the last 20 ms, so that such an event is not missed. An event that is published even later counts as if it happened
// at the snapshot's time. The order of events still holds: an event that depends on it, in any thread, is published
// after it and takes its time later.
constexpr uint64_t kPublicationDelayNs = 20'000'000;

// Threads that run after the window was finalized add to such segments: they may not be complete.
bool has_growing_segments(const Image& image) {
  return std::any_of(image.segments.begin(), image.segments.end(),
                     [](const FoundSegment& segment) { return segment.header.room_bytes != 0; });
}

// The end state, from which on events are kept. Not the return of the main module: threads may work on for days.
uint64_t latest_time(const Image& image) {
  const EndState end = end_state_of(image);
  return end.kind == EndStateKind::kRootLeft ? UINT64_MAX : end.time;
}

}  // namespace

LiveSnapshotTaker::LiveSnapshotTaker(const ListedImage& image)
    : profile_(image),
      packed_path_(packed_of(image.profile, profile_.header())),
      snapshot_next_(profile_.next()),
      safe_until_(profile_.next()),
      due_bytes_(kMinDueBytes) {}

uint64_t LiveSnapshotTaker::pack_new_segments() {
  const uint64_t begin = profile_.next();
  for (SegmentHeader header; profile_.next_header(header); profile_.advance(header)) {
    if (header.kind == SegmentKind::kEvents) newest_ = std::max(newest_, header.last_time);
  }
  const uint64_t waiting = profile_.next() - snapshot_next_;
  if (waiting >= due_bytes_) {
    if (!take_snapshot()) due_bytes_ = waiting + waiting / 4;
  }
  profile_.punch_hole(safe_until_, packed_bytes_);
  return profile_.next() - begin;
}

// When the disk was full, some slots of the window lie in private memory of the process, and their events are unknown.
bool LiveSnapshotTaker::window_file_is_complete() const {
  const auto control = profile_.window().value_at<WindowControl>(kWindowControlOffset);
  const uint64_t last_slot = kWindowSlotsOffset + (uint64_t{control.slots} - 1) * kSlotStride;
  return control.slots != 0 && profile_.window().size() >= last_slot + kSlotOverheadBytes;
}

// Returns false when no snapshot can be taken now: a segment is being written, the image is damaged, or the program has
// reached its end state, from which on all events are kept.
bool LiveSnapshotTaker::take_snapshot() {
  if (!window_file_is_complete()) return false;
  const uint64_t next = profile_.next();
  {
    const Image image = read_image({profile_.path(), profile_.window_path(), packed_path_});
    const bool same = image.header.checksum == profile_.header().checksum;
    if (!same || !can_be_snapshot(image) || has_growing_segments(image)) return false;
    const uint64_t margin = image.clock.ticks_of_ns(kPublicationDelayNs);
    const uint64_t until = std::min(newest_ - std::min(newest_, margin), latest_time(image));
    if (until <= image.begin_time()) return false;
    const SnapshotFile written = write_snapshot_file(image, until, packed_path_, CopiedSegments::kBeforeEvents);
    safe_until_ = std::min(next, written.profile_bytes);
    std::error_code ignored;
    packed_bytes_ = fs::file_size(packed_path_, ignored);
    due_bytes_ = std::max({kMinDueBytes, packed_bytes_, kDueBytesPerBlock * written.live_blocks});
  }
  snapshot_next_ = next;
  return true;
}

}  // namespace cistern::analyzer
