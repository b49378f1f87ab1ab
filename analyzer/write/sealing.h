// Makes whole segments: of what a window still holds, and of records that `cistern run` adds itself.
#pragma once

#include <string>

#include "analyzer/read/found_segment.h"
#include "cistern/format/record.h"

namespace cistern::analyzer {

// A header and its payload as they are to lie in a profile file.
struct SealedSegment {
  SegmentHeader header{};
  std::string payload;

  SegmentKey key() const noexcept { return {header.stream_id, header.sequence}; }
};

// Completes a segment that its stream had no time to seal: counts its events, finds its last time, sets its checksum.
// What follows a malformed event or record is cut off.
SealedSegment seal(const FoundSegment& unfinished);

// Sets sizes and checksum of a plain segment whose other fields are set.
void complete(SealedSegment& segment);

// Appends `record` to a payload of records.
template <typename Record>
void append_record(std::string& payload, const Record& record) {
  uint8_t fields[1024];
  RecordBuffer buffer(fields, fields + sizeof fields);
  record.put(buffer);
  uint8_t framed[sizeof fields + 2 * kMaxVarintBytes];
  const uint8_t* const end = put_record(framed, Record::kType, buffer);
  payload.append(reinterpret_cast<const char*>(framed), static_cast<size_t>(end - framed));
}

}  // namespace cistern::analyzer
