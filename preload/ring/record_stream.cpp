#include "preload/ring/record_stream.h"

#include "preload/base/clock.h"

namespace cistern::preload {
namespace {
constexpr uint32_t kFirstBytes = 48 * 1024;
}

bool RecordStream::begin(SegmentStore& segments, uint64_t time) noexcept {
  segments_ = &segments;
  through_ = false;
  return stream_.begin(segments, SegmentKind::kRecords, StreamId{0}, 0, 0, kFirstBytes, time);
}

bool RecordStream::append(RecordType type, const RecordBuffer& payload) noexcept {
  if (!stream_.is_open()) return false;
  if (!stream_.has_space(framed_bytes(payload.size()))) {
    const uint64_t time = now();
    if (!stream_.roll(*segments_, time, 0, time)) return false;
    if (!stream_.has_space(framed_bytes(payload.size()))) return false;
  }
  stream_.publish(put_record(stream_.position(), type, payload));
  return !through_ || write_through();
}

bool RecordStream::write_through() noexcept {
  return stream_.write_through(*segments_, now(), 0);
}

bool RecordStream::flush() noexcept {
  const Locked locked(lock_);
  const uint64_t time = now();
  return stream_.is_open() && stream_.roll(*segments_, time, 0, time);
}

bool RecordStream::enter_through() noexcept {
  const Locked locked(lock_);
  const uint64_t time = now();
  through_ = true;
  return stream_.is_open() && stream_.enter_through(*segments_, time, 0, time);
}

void RecordStream::abandon() noexcept {
  lock_.reset();
  stream_.abandon();
  through_ = false;
}

}  // namespace cistern::preload
