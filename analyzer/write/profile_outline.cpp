#include "analyzer/write/profile_outline.h"

#include <algorithm>
#include <cstring>

#include "cistern/format/checksum.h"

namespace cistern::analyzer {
namespace {

bool header_at(std::span<const uint8_t> file, uint64_t offset, const ProfileHeader& image, FoundSegment& segment) {
  SegmentHeader& header = segment.header;
  if (file.size() - offset < sizeof header) return false;
  std::memcpy(&header, file.data() + offset, sizeof header);
  if (header.magic != kSegmentMagic || header.header_bytes != sizeof header) return false;
  if (header.pid != image.image.pid || header.generation != image.generation) return false;
  const uint64_t begin = offset + sizeof header;
  if (header.payload_bytes > file.size() - begin || header.room_bytes > kMaxSegmentBytes) return false;
  segment.offset = offset;
  segment.payload = file.subspan(begin, header.payload_bytes);
  return true;
}

}  // namespace

bool same_image(const ProfileHeader& a, const ProfileHeader& b) noexcept {
  return std::memcmp(&a.image, &b.image, sizeof a.image) == 0 && a.generation == b.generation;
}

bool is_whole(const FoundSegment& segment) noexcept {
  return segment.header.checksum == checksum_of(segment.header, segment.payload.data());
}

ProfileOutline outline_of(const FileBytes& bytes, const ProfileHeader& header) {
  const std::span<const uint8_t> file = bytes.bytes();
  ProfileOutline outline;
  uint64_t expected = kProfileHeaderBytes;
  for (uint64_t at = expected; at < file.size();) {
    FoundSegment segment;
    if (!header_at(file, at, header, segment)) {
      at = std::max(at + kSegmentAlignment, bytes.hole_at(at).end);
      continue;
    }
    if (at > expected) outline.gaps.push_back({expected, at - expected});
    outline.segments.emplace(segment.key(), segment);
    at = expected = at + place_bytes(segment.header);
  }
  outline.end = expected;
  return outline;
}

uint64_t ProfileOutline::events() const noexcept {
  uint64_t sum = 0;
  for (const auto& [key, segment] : segments) sum += segment.header.event_count;
  return sum;
}

uint64_t ProfileOutline::last_time() const noexcept {
  uint64_t last = 0;
  for (const auto& [key, segment] : segments) last = std::max(last, segment.header.last_time);
  return last;
}

}  // namespace cistern::analyzer
