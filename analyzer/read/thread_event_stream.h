// The steps of one stream in order of time, decoded segment by segment into a buffer of bounded size. The events of a
// thread are nearly sorted: a realloc begins before events nested in it. A reorder window of some steps sorts them. A
// step that belongs before the window gets the time of the last consumed step, and is counted as misplaced.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/heap_step.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

class ThreadEventStream {
 public:
  // Both outlive this. Decoded segments are released from the memory of the image's files. Steps before the first
  // epoch, and steps in the image's snapshot, are left out.
  ThreadEventStream(const StreamSegments& stream, const Image& image);

  StreamId stream_id() const noexcept { return stream_id_; }
  // The next steps, in their final order. Empty only if the stream has ended.
  std::span<const HeapStep> ready() const noexcept { return {buffer_.data() + begin_, ready_end_ - begin_}; }
  // Removes the first `count` ready steps. Invalidates ready().
  void consume(size_t count);

  uint64_t events() const noexcept { return events_; }
  uint64_t unreadable_bytes() const noexcept { return unreadable_bytes_; }
  uint64_t misplaced_steps() const noexcept { return misplaced_; }
  uint64_t decoded_bytes() const noexcept { return decoded_bytes_; }

 private:
  struct StepSink;

  void skip_to(uint64_t epoch_begin);
  void refill();
  bool decode_into_buffer();
  bool is_full() const noexcept { return end_ + 2 > buffer_.size(); }
  bool next_event(Event& event);
  bool decode_segment();
  bool is_seen() const noexcept;
  void decode_blocks();
  void decode_columns();
  void open_segment(size_t index);
  void open_columns(const FoundSegment& segment);
  std::span<const uint8_t> content_of(const FoundSegment& segment);
  void close_segment();
  uint64_t unreadable_in(const FoundSegment& segment) const;
  void push(const Event& event);
  void push_rest(const Event& event);
  void push_move(const Event& event);
  HeapStep& append(const Event& event, HeapStepKind kind);
  void settle();

  StreamId stream_id_{};
  const Image* image_;
  std::span<const FoundSegment> segments_;
  size_t segment_ = 0;
  EventDecoder decoder_{nullptr, nullptr, 0};
  std::unique_ptr<SegmentColumns> columns_;    // made for the first segment with codec `columns`
  bool in_columns_ = false;                    // the current segment has that codec, and is open
  std::unique_ptr<SegmentUnpacker> unpacker_;  // made for the first segment with another packed codec
  std::vector<uint8_t> content_;               // of the current segment, if it has such a codec
  bool content_whole_ = true;
  SnapshotPosition seen_;              // the part of this stream that the snapshot contains
  const uint8_t* seen_end_ = nullptr;  // the end of that part in the current segment's content
  bool seen_columns_ = false;          // the snapshot contains the whole current segment
  std::vector<HeapStep> buffer_;       // of constant size
  size_t begin_ = 0;                   // first step not consumed
  size_t ready_end_ = 0;               // end of the steps that are in their final order
  size_t end_ = 0;                     // one past the last step decoded
  uint64_t last_time_ = 0;             // of the last step consumed
  uint64_t events_ = 0;
  uint64_t unreadable_bytes_ = 0;
  uint64_t misplaced_ = 0;
  uint64_t decoded_bytes_ = 0;
};

}  // namespace cistern::analyzer
