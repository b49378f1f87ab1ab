#include "preload/ring/segment_stream.h"

#include <errno.h>

#include "cistern/format/checksum.h"

namespace cistern::preload {

bool SegmentStream::begin(SegmentStore& segments, SegmentKind kind, StreamId stream_id, uint32_t tid,
                          uint64_t thread_start_ticks, uint32_t first_bytes, uint64_t time) noexcept {
  slot_ = segments.window.take(first_bytes);
  if (!slot_) return false;
  slot_.control->tid = tid;
  slot_.control->thread_start_ticks = thread_start_ticks;
  SegmentHeader& header = *slot_.header();
  header = new_segment_header(kind, stream_id, 0, time);
  header.generation = segments.generation;
  header.tid = tid;
  header.pid = segments.pid;
  sequence_ = 0;
  limit_bytes_ = kMaxPayloadBytes;
  begin_segment(time);
  return true;
}

void SegmentStream::begin_segment(uint64_t time) noexcept {
  SegmentHeader& header = *slot_.header();
  header.sequence = sequence_++;
  header.first_time = time;
  header.last_time = 0;
  header.event_count = 0;
  header.payload_bytes = header.content_bytes = header.room_bytes = 0;
  header.checksum = 0;
  written_bytes_ = 0;
  out_ = slot_.payload();
  end_ = out_ + (slot_.capacity() < limit_bytes_ ? slot_.capacity() : limit_bytes_);
  slot_.publish(0);
  slot_.set_state(SlotState::kOwned);
}

void SegmentStream::complete_header(uint64_t last_time, uint64_t events) noexcept {
  SegmentHeader& header = *slot_.header();
  header.last_time = last_time;
  header.event_count = events;
  header.payload_bytes = header.content_bytes = slot_.published();
  header.checksum = checksum_of(header, slot_.payload());
}

bool SegmentStream::spill(SegmentStore& segments) noexcept {
  const SegmentHeader& header = *slot_.header();
  const int error = written_bytes_ == 0 ? segments.output.append(header, offset_)
                                        : segments.output.extend(header, offset_, written_bytes_);
  if (error == 0) return written_bytes_ = header.payload_bytes, true;
  int none = 0;
  segments.failure.compare_exchange_strong(none, error, std::memory_order_relaxed);
  return false;
}

bool SegmentStream::roll(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept {
  if (!empty()) {
    complete_header(last_time, events);
    slot_.set_state(SlotState::kSealed);
    // A segment that cannot be spilled stays sealed in the window.
    if (!spill(segments)) return out_ = end_ = nullptr, slot_ = Slot{}, false;
    slot_.set_state(SlotState::kFree);
    if (slot_.capacity() < limit_bytes_) segments.window.grow(slot_, 2 * slot_.capacity());
  } else {
    --sequence_;  // no segment has this number: a reader would report it as missing
  }
  begin_segment(time);
  return true;
}

bool SegmentStream::enter_through(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept {
  constexpr uint32_t kThroughBytes = 40 * 1024;  // any record fits
  limit_bytes_ = kThroughBytes;
  return roll(segments, last_time, events, time);
}

bool SegmentStream::write_through(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept {
  slot_.header()->room_bytes = limit_bytes_;
  complete_header(last_time, events);
  return spill(segments);
}

bool SegmentStream::finish(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept {
  if (!is_open()) return true;
  if (!roll(segments, last_time, events, last_time)) return false;
  close(segments);
  return true;
}

void SegmentStream::close(SegmentStore& segments) noexcept {
  slot_.set_state(SlotState::kFree);
  segments.window.give_back(slot_);
  out_ = end_ = nullptr;
  slot_ = Slot{};
}

}  // namespace cistern::preload
