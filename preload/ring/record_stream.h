// The record stream (stream 0) of one image: definitions and everything rare, from all threads. write() takes a lock;
// requires that the caller is inside the recorder. A record is published before write() returns, so an id may be handed
// out after that.
#pragma once

#include <cstdint>

#include "cistern/format/record.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/segment_stream.h"

namespace cistern::preload {

// Longer texts are cut to this length before they are written, so that every record fits into every segment.
constexpr uint64_t kMaxTextBytes = 8 * 1024;

inline std::string_view cut_text(std::string_view text) noexcept {
  return text.substr(0, kMaxTextBytes);
}

class RecordStream {
 public:
  bool begin(SegmentStore& segments, uint64_t time) noexcept;

  // Writes and publishes a record. Returns false when it could not be written.
  template <typename Record>
  bool write(const Record& record) noexcept {
    const Locked locked(lock_);
    if (write_small(record)) return !through_ || write_through();
    RecordBuffer payload(payload_, payload_ + sizeof payload_);
    put_fields(payload, record);
    return !payload.overflowed() && append(Record::kType, payload);
  }

  // Writes everything published so far to the profile file. Returns false when that failed.
  bool flush() noexcept;
  // From now on every record is written to the profile file at once. Returns false when that failed.
  bool enter_through() noexcept;
  void abandon() noexcept;

 private:
  // The fast path for nearly all records: type and size take a byte each, and the payload is encoded in place. Returns
  // false when the record is larger or the segment is full.
  template <typename Record>
  bool write_small(const Record& record) noexcept {
    constexpr uint64_t kFrameBytes = 2;
    constexpr uint64_t kMaxSmallBytes = 0x7f;
    static_assert(static_cast<uint64_t>(Record::kType) <= kMaxSmallBytes);
    if (!stream_.is_open() || !stream_.has_space(kFrameBytes + kMaxSmallBytes)) return false;
    uint8_t* const out = stream_.position();
    RecordBuffer payload(out + kFrameBytes, out + kFrameBytes + kMaxSmallBytes);
    put_fields(payload, record);
    if (payload.overflowed()) return false;
    out[0] = static_cast<uint8_t>(Record::kType);
    out[1] = static_cast<uint8_t>(payload.size());
    stream_.publish(out + kFrameBytes + payload.size());
    return true;
  }
  bool write_through() noexcept;
  bool append(RecordType type, const RecordBuffer& payload) noexcept;

  SpinLock lock_;
  SegmentStore* segments_ = nullptr;
  SegmentStream stream_;
  bool through_ = false;
  uint8_t payload_[4 * kMaxTextBytes] = {};
};

}  // namespace cistern::preload
