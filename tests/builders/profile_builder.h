// Makes profiles and windows in memory, for golden files and tests: a second, plain writer of the format.
// Allocates; single-threaded; deterministic.
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

// One stream's segment in the making.
class SegmentBuilder {
 public:
  // `tid` 0: a record segment of stream 0.
  SegmentBuilder(StreamId stream_id, uint32_t tid, uint64_t sequence, uint64_t first_time);

  template <typename Record>
  SegmentBuilder& record(const Record& record) {
    uint8_t buffer[4096];
    RecordBuffer payload(buffer, buffer + sizeof buffer);
    record.put(payload);
    return record_bytes(Record::kType, {reinterpret_cast<const char*>(buffer), payload.size()});
  }
  SegmentBuilder& record_bytes(RecordType type, std::string_view payload);
  SegmentBuilder& event(const Event& event);
  SegmentBuilder& bytes(std::string_view raw_bytes);  // as they are

  SegmentHeader header;
  // Header and payload: sealed, with lengths and checksum, `more_header` behind the header's known part; or as they lie
  // in a slot that is still owned.
  std::string sealed(std::string_view more_header = {}) const;
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
  ProfileBuilder& bytes(std::string_view raw_bytes);  // and zeros up to the next place for a segment
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
