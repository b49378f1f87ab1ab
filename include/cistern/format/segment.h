// A segment: a header and a payload. One thread writes it, it has one checksum, and it is lost or kept as a whole. The
// segments of a thread, in order of `sequence`, are one stream. Stream 0, the record stream, holds definitions and
// everything rare. In a profile, segments begin at multiples of kSegmentAlignment, so that a reader finds the next
// segment behind damage.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "cistern/format/profile_header.h"

namespace cistern {

constexpr uint32_t kSegmentMagic = 0x47455343;  // "CSEG"
constexpr uint32_t kSegmentAlignment = 64;
constexpr uint32_t kMaxSegmentBytes = 256 * 1024;  // header, payload and, in a window, the slot's control block

enum class SegmentKind : uint8_t {
  kRecords = 1,   // records, record.h
  kEvents = 2,    // events of one thread, event.h
  kSnapshot = 3,  // snapshot records, snapshot_records.h
  // 4 – 15 reserved
};

enum class Codec : uint8_t {
  kPlain = 0,    // the payload is the content
  kZstd = 1,     // one zstd frame of the content
  kColumns = 2,  // events, split into columns: see FORMAT.md, "Packed segments"
  // 3 – 15 reserved
};

struct SegmentHeader {
  uint32_t magic;
  uint16_t header_bytes;
  SegmentKind kind;
  Codec codec;
  uint32_t generation;     // of the image that wrote it
  uint32_t stream_id;      // StreamId
  uint64_t sequence;       // counts from 0 in each stream
  uint64_t first_time;     // the first event's time is relative to this one
  uint64_t last_time;      // of the last event; 0 until the segment is sealed
  uint64_t event_count;    // 0 until the segment is sealed
  uint32_t payload_bytes;  // that follow the header in the file
  uint32_t content_bytes;  // after decoding
  uint32_t tid;            // kernel thread id of the stream, 0 for the record stream
  uint32_t pid;            // of the image: a stray segment of another process is recognized
  uint32_t room_bytes;     // reserved in the file for a payload that may still grow; 0: only the payload
  uint32_t reserved;
  uint64_t checksum;  // XXH3-64 of the header with this field zero, seeded with XXH3-64 of the payload
};
static_assert(sizeof(SegmentHeader) == 80);

// The header of a new plain segment without events. The caller adds generation, pid and tid.
constexpr SegmentHeader new_segment_header(SegmentKind kind, StreamId stream_id, uint64_t sequence,
                                           uint64_t time) noexcept {
  SegmentHeader header{};
  header.magic = kSegmentMagic;
  header.header_bytes = sizeof header;
  header.kind = kind;
  header.codec = Codec::kPlain;
  header.stream_id = raw(stream_id);
  header.sequence = sequence;
  header.first_time = header.last_time = time;
  return header;
}
// The same, with generation and pid of the profile's image.
constexpr SegmentHeader new_segment_header(const ProfileHeader& profile, SegmentKind kind, StreamId stream_id,
                                           uint64_t sequence, uint64_t time) noexcept {
  SegmentHeader header = new_segment_header(kind, stream_id, sequence, time);
  header.generation = profile.generation;
  header.pid = profile.image.pid;
  return header;
}

// Bytes that a segment takes in a profile: the next segment begins behind them.
constexpr uint64_t place_bytes(const SegmentHeader& header) noexcept {
  const uint64_t payload = header.payload_bytes > header.room_bytes ? header.payload_bytes : header.room_bytes;
  return (header.header_bytes + payload + kSegmentAlignment - 1) & ~uint64_t{kSegmentAlignment - 1};
}

}  // namespace cistern
