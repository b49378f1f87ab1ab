#include "analyzer/write/sealed_segment.h"

#include <algorithm>

#include "cistern/format/checksum.h"
#include "cistern/format/event.h"

namespace cistern::analyzer {
namespace {

void seal_events(SealedSegment& segment, const uint8_t* begin, const uint8_t* end) {
  EventDecoder decoder(begin, end, segment.header.first_time);
  Event event;
  segment.header.event_count = 0;
  segment.header.last_time = segment.header.first_time;
  while (decoder.next(event)) {
    ++segment.header.event_count;
    segment.header.last_time = std::max(segment.header.last_time, event.end_time);
  }
  if (!decoder.ok()) end = begin + decoder.offset();
  segment.payload.assign(begin, end);
}

void seal_records(SealedSegment& segment, const uint8_t* begin, const uint8_t* end) {
  Cursor in(begin, end);
  RawRecord record;
  uint64_t whole_bytes = 0;
  while (next_record(in, record)) whole_bytes = in.offset();
  segment.header.last_time = std::max(segment.header.first_time, segment.header.last_time);
  segment.payload.assign(begin, begin + whole_bytes);
}

}  // namespace

SegmentHeader new_segment_header(const ProfileHeader& image, SegmentKind kind, const SegmentKey& key, uint64_t time) {
  return cistern::new_segment_header(image, kind, StreamId{key.stream_id}, key.sequence, time);
}

void complete(SealedSegment& segment) {
  SegmentHeader& header = segment.header;
  header.codec = Codec::kPlain;
  header.payload_bytes = header.content_bytes = static_cast<uint32_t>(segment.payload.size());
  header.checksum = checksum_of(header, segment.payload.data());
}

SealedSegment seal(const FoundSegment& unfinished) {
  SealedSegment segment{unfinished.header, {}};
  if (segment.header.room_bytes > kMaxSegmentBytes) segment.header.room_bytes = 0;  // not written by the recorder
  const uint8_t* const begin = unfinished.payload.data();
  const uint8_t* const end = begin + unfinished.payload.size();
  if (segment.header.kind == SegmentKind::kEvents) {
    seal_events(segment, begin, end);
  } else {
    seal_records(segment, begin, end);
  }
  complete(segment);
  return segment;
}

}  // namespace cistern::analyzer
