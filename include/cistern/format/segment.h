// A segment: a header and a payload. Segments are the unit of ownership, of checksums and of loss. A thread's segments,
// in order of `sequence`, are one stream; the record stream (stream 0) holds definitions and everything rare.
// In a profile file, segments start at multiples of kSegmentAlignment, so that a reader finds the next one behind
// damage.
#pragma once

#include <cstdint>

namespace cistern {

constexpr uint32_t kSegmentMagic = 0x47455343;  // "CSEG"
constexpr uint32_t kSegmentAlignment = 64;
constexpr uint32_t kMaxSegmentBytes = 256 * 1024;  // header, payload and, in a window, the slot's control block

enum class SegmentKind : uint8_t {
  kRecords = 1,    // length-prefixed records, record.h
  kEvents = 2,     // one thread's events, event.h
  kSnapshot = 3,  // records of totals, snapshot.h
  // 4 – 15 reserved: census, symbols
};

enum class Codec : uint8_t {
  kPlain = 0,    // the payload is the content
  kZstd = 1,     // one zstd frame of it
  kColumns = 2,  // an event segment's, taken apart into columns: see FORMAT.md. The recorder writes plain ones only
  // 3 – 15 reserved
};

struct SegmentHeader {
  uint32_t magic;
  uint16_t header_bytes;
  SegmentKind kind;
  Codec codec;
  uint32_t generation;     // of the image that wrote it
  uint32_t stream_id;          // StreamId
  uint64_t sequence;       // counts from 0 in each stream
  uint64_t first_time;     // the time that the first event's delta counts from
  uint64_t last_time;      // of the last event; 0 in a segment that was never sealed
  uint64_t event_count;    // 0 in a segment that was never sealed
  uint32_t payload_bytes;  // that follow the header in the file
  uint32_t content_bytes;  // after decoding
  uint32_t tid;            // kernel thread id of the stream, 0 for the record stream
  uint32_t pid;            // of the image, so that a stray segment is never mistaken
  uint32_t room_bytes;     // of payload, kept for it in the file while it may still grow; 0: just its payload
  uint32_t reserved;
  uint64_t checksum;  // XXH3-64 of the header with this field zero, seeded with XXH3-64 of the payload
};
static_assert(sizeof(SegmentHeader) == 80);

// Bytes that a segment takes in a profile file: the next one begins behind them.
constexpr uint64_t place_bytes(const SegmentHeader& header) noexcept {
  const uint64_t payload = header.payload_bytes > header.room_bytes ? header.payload_bytes : header.room_bytes;
  return (header.header_bytes + payload + kSegmentAlignment - 1) & ~uint64_t{kSegmentAlignment - 1};
}

}  // namespace cistern
