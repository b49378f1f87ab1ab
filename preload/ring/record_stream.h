// The record stream (stream 0) of one image: definitions and everything rare, from all threads, one at a time. write()
// locks; the caller is inside the recorder. A record is published before write() returns, so an id may be handed out
// after it.
#pragma once

#include <cstdint>

#include "cistern/format/record.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/segment_stream.h"

namespace cistern::preload {

// Longer texts are cut to this before they are written, so that any record fits into any segment.
constexpr uint64_t kMaxTextBytes = 8 * 1024;

inline std::string_view cut_text(std::string_view text) noexcept {
  return text.substr(0, kMaxTextBytes);
}

class RecordStream {
 public:
  bool begin(SegmentStore& segments, uint64_t time) noexcept;

  // Returns false when it could not be written.
  template <typename Record>
  bool write(const Record& record) noexcept {
    const Locked locked(lock_);
    if (write_small(record)) return !through_ || write_through();
    RecordBuffer payload(payload_, payload_ + sizeof payload_);
    record.put(payload);
    return !payload.overflowed() && append(Record::kType, payload);
  }

  // Spills what there is. Returns false when it could not be written.
  bool flush() noexcept;
  // From now on every record is written to the profile file at once.
  bool enter_through() noexcept;
  void abandon() noexcept;

 private:
  // Nearly all records: the two numbers of the frame are a byte each, and the payload is put where it stays. Returns
  // false when it is not so small, or the segment is full.
  template <typename Record>
  bool write_small(const Record& record) noexcept {
    constexpr uint64_t kFrameBytes = 2;
    constexpr uint64_t kMaxSmallBytes = 0x7f;
    static_assert(static_cast<uint64_t>(Record::kType) <= kMaxSmallBytes);
    if (!stream_.is_open() || !stream_.has_room(kFrameBytes + kMaxSmallBytes)) return false;
    uint8_t* const out = stream_.position();
    RecordBuffer payload(out + kFrameBytes, out + kFrameBytes + kMaxSmallBytes);
    record.put(payload);
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
