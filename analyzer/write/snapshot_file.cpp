#include "analyzer/write/snapshot_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "analyzer/write/snapshot_image.h"
#include "analyzer/model/end_state.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/write/packed_file.h"
#include "analyzer/write/run_failure.h"
#include "analyzer/results/last_seconds.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostLastBytes = uint64_t{16} << 20;

FoundSegment plain_segment(const Image& image, uint64_t sequence, uint64_t time, std::string_view content) {
  FoundSegment segment;
  segment.header.magic = kSegmentMagic;
  segment.header.header_bytes = sizeof segment.header;
  segment.header.kind = SegmentKind::kSnapshot;
  segment.header.generation = image.header.generation;
  segment.header.stream_id = kSnapshotStream;
  segment.header.sequence = sequence;
  segment.header.first_time = segment.header.last_time = time;
  segment.header.payload_bytes = segment.header.content_bytes = static_cast<uint32_t>(content.size());
  segment.header.pid = image.header.image.pid;
  segment.payload = {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
  return segment;
}

bool lies_in(const FileBytes& file, const FoundSegment& segment) noexcept {
  const uint8_t* const begin = file.bytes().data();
  return segment.payload.data() >= begin && segment.payload.data() < begin + file.size_bytes();
}

bool is_in_totals(const FoundSegment& segment, uint64_t time) noexcept {
  return segment.header.kind == SegmentKind::kEvents && segment.header.last_time < time;
}

// Where the first segment of the profile file lies that has events from `time` on.
uint64_t first_later(const Image& image, uint64_t time) noexcept {
  uint64_t first = image.file.size_bytes();
  for (const FoundSegment& segment : image.segments) {
    const bool later = segment.header.kind == SegmentKind::kEvents && !is_in_totals(segment, time);
    if (later && lies_in(image.file, segment)) first = std::min(first, segment.offset);
  }
  return first;
}

SnapshotFile write_file(const Image& image, uint64_t until, const std::string& path, Copied copied) {
  PackedFile file(path, image.header, false, Proof::kSample);
  uint64_t sequence = snapshot_sequence(image.snapshot != nullptr ? image.snapshot->number() + 1 : 0, 0);
  SnapshotWriter writer(
      [&](std::string_view content) { file.append(plain_segment(image, sequence++, image.begin_time(), content)); });
  SnapshotFile made;
  const SnapshotExtent totals = snapshot(image, until, writer);
  made.time = totals.time;
  made.live_blocks = totals.live_blocks;
  made.profile_bytes = copied == Copied::kAll ? image.file.size_bytes() : first_later(image, made.time);
  for (const FoundSegment& segment : image.segments) {
    if (segment.in_window || is_in_totals(segment, made.time)) continue;
    if (lies_in(image.file, segment) && segment.offset >= made.profile_bytes) continue;
    file.append(segment);
    image.forget(segment.payload);
  }
  return made;
}

}  // namespace

// A process that is killed while it appends a segment leaves part of its header; the window has the whole segment.
bool can_be_snapshot(const Image& image) noexcept {
  const Damage& damage = image.damage;
  const bool torn = damage.torn_bytes != 0 && !(image.has_window && damage.torn_bytes < sizeof(SegmentHeader));
  return !torn && !damage.header && damage.lost_segments == 0 && damage.undecodable_segments == 0 &&
         damage.malformed_records == 0 && !image.overwritten();
}

uint64_t last_cut(const Image& image) {
  const EndState end = end_state_of(image);
  if (end.kind != EndStateKind::kStreamEnd || !was_cut_off(image)) return end.time;
  const uint64_t begin = last_seconds_begin(image);
  uint64_t bytes = 0;
  for (const StreamSegments& stream_id : image.streams) {
    for (const FoundSegment& segment : stream_id.segments) {
      if (segment.header.last_time >= begin) bytes += segment.payload.size();
    }
  }
  return bytes <= kMostLastBytes ? std::max(begin, image.begin_time()) : UINT64_MAX;
}

SnapshotFile write_snapshot(const Image& image, uint64_t until, const std::string& packed, Copied copied) {
  const std::string next = next_of(packed);
  std::error_code ignored;
  fs::create_directory(fs::path(packed).parent_path(), ignored);
  fs::remove(next, ignored);  // of somebody who was killed
  try {
    const SnapshotFile made = write_file(image, until, next, copied);
    if (std::rename(next.c_str(), packed.c_str()) != 0) throw run_failure(packed, errno);
    return made;
  } catch (...) {
    fs::remove(next, ignored);
    throw;
  }
}

}  // namespace cistern::analyzer
