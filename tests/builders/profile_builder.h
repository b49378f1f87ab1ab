// Makes profiles and windows in memory, for tests and golden files: a second, simple writer of the format. recording.h
// and hand_made_profile.h are built on it. Allocates; single-threaded; deterministic.
#pragma once

#include <cstdint>
#include <string>

#include "cistern/format/checksum.h"
#include "cistern/format/event.h"
#include "cistern/format/profile_header.h"
#include "cistern/format/record.h"
#include "cistern/format/segment.h"
#include "cistern/format/window_layout.h"

namespace cistern {

// A record with its frame.
template <typename Record>
std::string framed(const Record& record) {
  uint8_t fields[4096];
  RecordBuffer payload(fields, fields + sizeof fields);
  put_fields(payload, record);
  uint8_t bytes[framed_bytes(sizeof fields)];
  const uint8_t* const end = put_record(bytes, Record::kType, payload);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes)};
}

// A segment under construction.
class SegmentBuilder {
 public:
  // `tid` 0: a record segment of stream 0.
  SegmentBuilder(StreamId stream_id, uint32_t tid, uint64_t sequence, uint64_t first_time);

  template <typename Record>
  SegmentBuilder& record(const Record& record) {
    return bytes(framed(record));
  }
  SegmentBuilder& record_bytes(RecordType type, std::string_view payload);
  SegmentBuilder& event(const Event& event);
  SegmentBuilder& bytes(std::string_view raw_bytes);  // appended unchanged

  SegmentHeader header;
  // Header and payload of the sealed segment, with lengths and checksum; `more_header` is added to the header.
  std::string sealed(std::string_view more_header = {}) const;
  // Header and payload as they lie in an owned slot.
  std::string owned() const;
  uint32_t published() const { return static_cast<uint32_t>(payload_.size()); }

 private:
  std::string payload_;
  EventState state_;
};

// A header for process 4711 with a clock of 1 GHz, in nanoseconds, so that times are easy to read.
ProfileHeader golden_header(FileRole role);

class ProfileBuilder {
 public:
  explicit ProfileBuilder(ProfileHeader header);
  ProfileBuilder& segment(const SegmentBuilder& segment) { return bytes(segment.sealed()); }
  ProfileBuilder& bytes(std::string_view raw_bytes);  // and zeros up to a multiple of 64
  std::string file;
};

class WindowBuilder {
 public:
  explicit WindowBuilder(ProfileHeader header);
  WindowBuilder& slot(SlotState state, const SegmentBuilder& segment);
  std::string finish() const;  // up to the last slot's published bytes

  WindowControl control{};

 private:
  ProfileHeader header_;
  std::string slots_;
};

}  // namespace cistern
