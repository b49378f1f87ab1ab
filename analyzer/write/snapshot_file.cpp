#include "analyzer/write/snapshot_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "analyzer/model/cut_off.h"
#include "analyzer/model/end_state.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/write/packed_file.h"
#include "analyzer/write/sealed_segment.h"
#include "analyzer/write/snapshot_builder.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxLastSecondsBytes = uint64_t{16} << 20;

FoundSegment snapshot_segment(const Image& image, uint64_t sequence, uint64_t time, std::string_view content) {
  const SegmentKey key{kSnapshotStream, sequence};
  FoundSegment segment;
  segment.header = new_segment_header(image.header, SegmentKind::kSnapshot, key, time);
  segment.header.payload_bytes = segment.header.content_bytes = static_cast<uint32_t>(content.size());
  segment.payload = {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
  return segment;
}

bool lies_in(const FileBytes& file, const FoundSegment& segment) noexcept {
  const uint8_t* const begin = file.bytes().data();
  return segment.payload.data() >= begin && segment.payload.data() < begin + file.size_bytes();
}

// The offset of the first segment of the profile file with events at `time` or later.
uint64_t first_later_events(const Image& image, uint64_t time) noexcept {
  uint64_t first = image.file.size_bytes();
  for (const FoundSegment& segment : image.segments) {
    const bool later = segment.header.kind == SegmentKind::kEvents && !is_in_snapshot(segment.header, time);
    if (later && lies_in(image.file, segment)) first = std::min(first, segment.offset);
  }
  return first;
}

SnapshotFile write_file(const Image& image, uint64_t until, const std::string& path, CopiedSegments copied) {
  PackedFile file(path, image.header, false, Proof::kSample);
  uint64_t sequence = snapshot_sequence(image.snapshot != nullptr ? image.snapshot->number() + 1 : 0, 0);
  SnapshotWriter writer(
      [&](std::string_view content) { file.append(snapshot_segment(image, sequence++, image.begin_time(), content)); });
  SnapshotFile written;
  const SnapshotExtent extent = build_snapshot(image, until, writer);
  written.time = extent.time;
  written.live_blocks = extent.live_blocks;
  written.profile_bytes =
      copied == CopiedSegments::kAll ? image.file.size_bytes() : first_later_events(image, written.time);
  for (const FoundSegment& segment : image.segments) {
    if (segment.in_window || is_in_snapshot(segment.header, written.time)) continue;
    if (lies_in(image.file, segment) && segment.offset >= written.profile_bytes) continue;
    file.append(segment);
    image.forget(segment.payload);
  }
  return written;
}

}  // namespace

// Part of a segment header is no damage when there is a window: the process was killed while it appended a segment, and
// the window has the whole segment.
bool can_be_snapshot(const Image& image) noexcept {
  const Damage& damage = image.damage;
  const bool truncated =
      damage.unreadable_bytes != 0 && !(image.has_window && damage.unreadable_bytes < sizeof(SegmentHeader));
  return !truncated && !damage.header && damage.lost_segments == 0 && damage.undecodable_segments == 0 &&
         damage.malformed_records == 0 && !image.overwritten();
}

uint64_t latest_snapshot_time(const Image& image) {
  const EndState end = end_state_of(image);
  if (end.kind != EndStateKind::kStreamEnd || !was_cut_off(image)) return end.time;
  const uint64_t begin = last_seconds_begin(image);
  uint64_t bytes = 0;
  for (const StreamSegments& stream : image.streams) {
    for (const FoundSegment& segment : stream.segments) {
      if (segment.header.last_time >= begin) bytes += segment.payload.size();
    }
  }
  return bytes <= kMaxLastSecondsBytes ? std::max(begin, image.begin_time()) : UINT64_MAX;
}

SnapshotFile write_snapshot_file(const Image& image, uint64_t until, const std::string& packed, CopiedSegments copied) {
  const std::string next = next_of(packed);
  std::error_code ignored;
  fs::create_directory(fs::path(packed).parent_path(), ignored);
  fs::remove(next, ignored);  // left by a `cistern` that was killed
  try {
    const SnapshotFile written = write_file(image, until, next, copied);
    if (std::rename(next.c_str(), packed.c_str()) != 0) throw file_failure(packed, errno);
    return written;
  } catch (...) {
    fs::remove(next, ignored);
    throw;
  }
}

}  // namespace cistern::analyzer
