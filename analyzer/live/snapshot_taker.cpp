#include "analyzer/live/snapshot_taker.h"

#include <algorithm>
#include <filesystem>

#include "analyzer/model/end_state.h"
#include "analyzer/write/snapshot_file.h"
#include "analyzer/read/image_paths.h"
#include "cistern/format/window.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLeastDueBytes = uint64_t{16} << 20;
// A block costs a snapshot as much as some five events, of five bytes or so.
constexpr uint64_t kDueBytesOfBlock = 24;
// A thread may have been stopped between an event's stamp and its publication. Of one that is later than this the
// totals have nothing, and it counts as one of theirs. What happens because of it has a later time than any that was
// seen, for it is published first, and whoever follows another thread takes a stamp of its own: so the order holds.
constexpr uint64_t kLatestNs = 20'000'000;

// Of threads that outlive the window: what was seen of them would not be all.
bool has_growing_segments(const Image& image) {
  return std::any_of(image.segments.begin(), image.segments.end(),
                     [](const FoundSegment& segment) { return segment.header.room_bytes != 0; });
}

// Threads may work for days behind the end of the main module.
uint64_t last_moment_to_keep(const Image& image) {
  const EndState end = end_state_of(image);
  return end.kind == EndStateKind::kRootLeft ? UINT64_MAX : end.time;
}

}  // namespace

SnapshotTaker::SnapshotTaker(const ListedImage& image)
    : profile_(image),
      packed_path_(packed_of(image.profile, profile_.header())),
      looked_at_(kProfileHeaderBytes),
      safe_until_(kProfileHeaderBytes),
      due_bytes_(kLeastDueBytes) {}

uint64_t SnapshotTaker::drain() {
  const uint64_t begin = profile_.next();
  for (SegmentHeader header; profile_.next_header(header); profile_.pass(header)) {
    if (header.kind == SegmentKind::kEvents) newest_ = std::max(newest_, header.last_time);
  }
  const uint64_t waiting = profile_.next() - looked_at_;
  if (waiting >= due_bytes_) {
    if (!make_snapshot()) due_bytes_ = waiting + waiting / 4;
  }
  profile_.take_out(safe_until_, packed_bytes_);
  return profile_.next() - begin;
}

// Slots for which the file had no room lie in the process's own memory: what is in them may come any time later.
bool SnapshotTaker::window_holds_all() const {
  const auto control = profile_.window().value_at<WindowControl>(kWindowControlOffset);
  const uint64_t last_slot = kWindowSlotsOffset + (uint64_t{control.slots} - 1) * kSlotStride;
  return control.slots != 0 && profile_.window().size() >= last_slot + kSlotOverheadBytes;
}

// Returns false when it cannot be made now: a segment is being written, or more is not whole; or the moment that
// matters has passed already, and all that came since is kept.
bool SnapshotTaker::make_snapshot() {
  if (!window_holds_all()) return false;
  const uint64_t passed = profile_.next();
  {
    const Image image = read_image({profile_.path(), profile_.window_path(), packed_path_});
    const bool same = image.header.checksum == profile_.header().checksum;
    if (!same || !can_be_snapshot(image) || has_growing_segments(image)) return false;
    const uint64_t margin = image.clock.ticks_of_ns(kLatestNs);
    const uint64_t until = std::min(newest_ - std::min(newest_, margin), last_moment_to_keep(image));
    if (until <= image.begin_time()) return false;
    const SnapshotFile made = write_snapshot(image, until, packed_path_, Copied::kWhatComesFirst);
    safe_until_ = std::min(passed, made.profile_bytes);
    std::error_code ignored;
    packed_bytes_ = fs::file_size(packed_path_, ignored);
    due_bytes_ = std::max({kLeastDueBytes, packed_bytes_, kDueBytesOfBlock * made.live_blocks});
  }
  looked_at_ = passed;
  return true;
}

}  // namespace cistern::analyzer
