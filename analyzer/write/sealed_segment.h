// Complete segments, made from unfinished segments of a window and from records that the analyzer adds.
#pragma once

#include <string>

#include "analyzer/read/found_segment.h"
#include "cistern/format/profile_header.h"
#include "cistern/format/record.h"

namespace cistern::analyzer {

// A header and its payload, as they are written to a profile file.
struct SealedSegment {
  SegmentHeader header{};
  std::string payload;

  SegmentKey key() const noexcept { return {header.stream_id, header.sequence}; }
};

// The header of a new segment of the image; `time` is its first and last time. Sizes and checksum are zero.
SegmentHeader new_segment_header(const ProfileHeader& image, SegmentKind kind, const SegmentKey& key, uint64_t time);

// Seals a segment that its process left unfinished: counts the events, finds the last time, sets sizes and checksum.
// A malformed event or record and everything behind it is cut off.
SealedSegment seal(const FoundSegment& unfinished);

// Sets sizes and checksum of a plain segment whose other fields are set.
void complete(SealedSegment& segment);

// Whether a snapshot at `time` contains the whole segment.
inline bool is_in_snapshot(const SegmentHeader& header, uint64_t time) noexcept {
  return header.kind == SegmentKind::kEvents && header.last_time < time;
}

// Appends `record` to a payload of records. Requires: its fields take at most `kMaxBytes`.
template <typename Record, size_t kMaxBytes = 1024>
void append_record(std::string& payload, const Record& record) {
  uint8_t fields[kMaxBytes];
  RecordBuffer buffer(fields, fields + sizeof fields);
  put_fields(buffer, record);
  uint8_t framed[framed_bytes(kMaxBytes)];
  const uint8_t* const end = put_record(framed, Record::kType, buffer);
  payload.append(reinterpret_cast<const char*>(framed), static_cast<size_t>(end - framed));
}

}  // namespace cistern::analyzer
