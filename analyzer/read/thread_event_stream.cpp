#include "analyzer/read/thread_event_stream.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

constexpr size_t kReorderSteps = 64;
constexpr size_t kMaxBufferSteps = 512;  // 24 KiB: fits into the L1 cache

size_t capacity_for(std::span<const FoundSegment> segments) {
  uint64_t bytes = 0;
  for (const FoundSegment& segment : segments) {
    bytes += std::max<uint64_t>(segment.payload.size(), is_packed(segment.header) ? segment.header.content_bytes : 0);
  }
  const uint64_t steps = 2 * (bytes / kMinEventBytes + 1) + kReorderSteps;
  return static_cast<size_t>(std::min<uint64_t>(steps, kMaxBufferSteps));
}

}  // namespace

ThreadEventStream::ThreadEventStream(const StreamSegments& stream, const Image& image)
    : stream_id_(stream.stream_id),
      image_(&image),
      segments_(stream.segments),
      buffer_(capacity_for(stream.segments)),
      last_time_(image.begin_time()) {
  if (image.snapshot != nullptr) seen_ = image.snapshot->position_of(stream_id_);
  if (!segments_.empty()) open_segment(0);
  refill();
  skip_to(image.epoch_begin);
}

// A realloc or remap that began before the epoch loses its first step, and is counted for the second one.
void ThreadEventStream::skip_to(uint64_t epoch_begin) {
  uint64_t skipped = 0;
  while (!ready().empty() && ready().front().time < epoch_begin) {
    const HeapStepKind kind = ready().front().kind;
    if (kind != HeapStepKind::kReallocRelease && kind != HeapStepKind::kRemapRelease) ++skipped;
    consume(1);
  }
  events_ -= std::min(skipped, events_);
}

void ThreadEventStream::consume(size_t count) {
  begin_ += count;
  if (begin_ == ready_end_) refill();
}

void ThreadEventStream::open_segment(size_t index) {
  segment_ = index;
  const FoundSegment& segment = segments_[index];
  content_whole_ = true;
  content_.clear();
  in_columns_ = false;
  decoder_ = EventDecoder(nullptr, nullptr, 0);
  seen_end_ = nullptr;
  seen_columns_ = segment.header.sequence < seen_.sequence;
  const bool half_seen = segment.header.sequence == seen_.sequence && seen_.offset != 0;
  if (segment.header.codec == Codec::kColumns && !half_seen) return open_columns(segment);
  const std::span<const uint8_t> content = content_of(segment);
  decoder_ = EventDecoder(content.data(), content.data() + content.size(), segment.header.first_time);
  if (seen_columns_) seen_end_ = content.data() + content.size();
  if (half_seen) seen_end_ = content.data() + std::min<uint64_t>(seen_.offset, content.size());
}

void ThreadEventStream::open_columns(const FoundSegment& segment) {
  if (columns_ == nullptr) columns_ = std::make_unique<SegmentColumns>();
  in_columns_ = columns_->open(segment.header, segment.payload);
  content_whole_ = in_columns_;
}

std::span<const uint8_t> ThreadEventStream::content_of(const FoundSegment& segment) {
  if (!is_packed(segment.header)) return segment.payload;
  if (unpacker_ == nullptr) unpacker_ = std::make_unique<SegmentUnpacker>();
  content_whole_ = unpacker_->unpack(segment.header, segment.payload, content_);
  return content_;
}

void ThreadEventStream::close_segment() {
  const FoundSegment& segment = segments_[segment_];
  unreadable_bytes_ += unreadable_in(segment);
  decoded_bytes_ += segment.payload.size();
  image_->forget(segment.payload);
}

// Bytes of the current segment's content that could not be read. With codec `columns` they are estimated from the
// number of missing events; if the checksum is wrong, they are the whole content.
uint64_t ThreadEventStream::unreadable_in(const FoundSegment& segment) const {
  const uint64_t content_bytes = std::max<uint64_t>(1, segment.header.content_bytes);
  if (in_columns_) {
    if (columns_->is_whole()) return 0;
    const uint64_t left = columns_->reader().events_left();
    return left == 0 ? content_bytes : std::max<uint64_t>(1, content_bytes * left / columns_->events());
  }
  if (!content_whole_) return std::max<uint64_t>(1, content_bytes - std::min(content_bytes, content_.size()));
  const uint64_t size = is_packed(segment.header) ? content_.size() : segment.payload.size();
  return decoder_.ok() ? 0 : size - decoder_.offset();
}

// Removes consumed steps, decodes until the buffer is full, and holds the last steps back for reordering.
void ThreadEventStream::refill() {
  if (begin_ != 0) last_time_ = buffer_[begin_ - 1].time;
  std::move(buffer_.data() + begin_, buffer_.data() + end_, buffer_.data());
  end_ -= begin_;
  begin_ = 0;
  const bool more = decode_into_buffer();
  ready_end_ = more ? end_ - std::min(end_, kReorderSteps) : end_;
}

// Returns whether there is more to decode.
bool ThreadEventStream::decode_into_buffer() {
  while (segment_ < segments_.size()) {
    if (decode_segment()) return true;
    close_segment();
    if (segment_ + 1 == segments_.size()) {
      segment_ = segments_.size();
    } else {
      open_segment(segment_ + 1);
    }
  }
  return false;
}

bool ThreadEventStream::next_event(Event& event) {
  if (!in_columns_) return decoder_.next(event);
  return !columns_->reader().at_end() && columns_->reader().take(event);
}

// Whether the image's snapshot contains the next event.
bool ThreadEventStream::is_seen() const noexcept {
  return in_columns_ ? seen_columns_ : decoder_.position() < seen_end_;
}

// Returns whether the buffer became full before the segment's end.
bool ThreadEventStream::decode_segment() {
  Event event;
  for (;;) {
    const bool seen = is_seen();
    if (!seen) in_columns_ ? decode_columns() : decode_blocks();
    if (is_full()) return true;
    if (!next_event(event)) return false;
    if (seen) {
      push_rest(event);
    } else {
      ++events_;
      push(event);
    }
  }
}

// Decodes allocs and frees directly into the buffer, until it is full or another event follows.
void ThreadEventStream::decode_blocks() {
  EventDecoder decoder = decoder_;  // a local copy is kept in registers
  const size_t begin = end_;
  uint64_t newest = end_ > begin_ ? buffer_[end_ - 1].time : last_time_;
  while (end_ + 2 <= buffer_.size()) {
    HeapStep& step = buffer_[end_];
    const Op op = decoder.next_block(step);
    if (op == Op::kExtension) break;
    step.kind = op == Op::kAlloc ? HeapStepKind::kAlloc : HeapStepKind::kFree;
    ++end_;
    if (step.time < newest) [[unlikely]]
      settle();
    newest = buffer_[end_ - 1].time;
  }
  events_ += end_ - begin;
  decoder_ = decoder;
}

// The sink for allocs and frees from columns; see BlockRun.
struct ThreadEventStream::StepSink {
  ThreadEventStream* stream;
  HeapStep* at;
  const HeapStep* last;  // steps are written before it
  uint64_t newest;       // time of the last step

  bool has_space() const noexcept { return at < last; }

  void free(unsigned domain, BlockRun::Moment when, uint64_t address) noexcept {
    put(HeapStepKind::kFree, domain, when.time, address);
  }
  void alloc(unsigned domain, BlockRun::Moment when, uint64_t address, uint64_t size, uint32_t stack) noexcept {
    at->size = size;
    at->stack = StackId{stack};
    put(HeapStepKind::kAlloc, domain, when.time, address);
  }

 private:
  void put(HeapStepKind kind, unsigned domain, uint64_t time, uint64_t address) noexcept {
    at->kind = kind;
    at->domain = static_cast<Domain>(domain);
    at->time = time;
    at->address = address;
    ++at;
    if (time < newest) [[unlikely]] {
      stream->end_ = static_cast<size_t>(at - stream->buffer_.data());
      stream->settle();
    }
    newest = at[-1].time;
  }
};

// The same, from columns.
void ThreadEventStream::decode_columns() {
  HeapStep* const begin = buffer_.data() + end_;
  StepSink sink{this, begin, buffer_.data() + buffer_.size() - 1, end_ > begin_ ? buffer_[end_ - 1].time : last_time_};
  columns_->reader().take_blocks(sink);
  end_ = static_cast<size_t>(sink.at - buffer_.data());
  events_ += static_cast<uint64_t>(sink.at - begin);
}

void ThreadEventStream::push(const Event& event) {
  switch (event.op) {
    case Op::kAlloc:
      append(event, HeapStepKind::kAlloc);
      return settle();
    case Op::kFree:
      append(event, HeapStepKind::kFree);
      return settle();
    case Op::kMap:
      append(event, HeapStepKind::kMap);
      return settle();
    case Op::kUnmap:
      append(event, HeapStepKind::kUnmap);
      return settle();
    case Op::kArena:
      append(event, event.arena_freed ? HeapStepKind::kArenaFreed : HeapStepKind::kArenaMade);
      return settle();
    case Op::kRealloc:
    case Op::kRemap:
      return push_move(event);
    case Op::kExtension:
      return;
  }
}

// Adds what happened after the image's snapshot of an event that the snapshot contains: all of it, or the second step
// of a realloc or remap.
void ThreadEventStream::push_rest(const Event& event) {
  const uint64_t begin = image_->begin_time();
  if (event.end_time < begin) return;
  ++events_;
  if (event.time >= begin) return push(event);
  HeapStep& take =
      append(event, event.op == Op::kRealloc ? HeapStepKind::kReallocAcquire : HeapStepKind::kRemapAcquire);
  take.time = event.end_time;
  take.old_address = event.old_address;
  settle();
}

void ThreadEventStream::push_move(const Event& event) {
  const bool block = event.op == Op::kRealloc;
  HeapStep& give = append(event, block ? HeapStepKind::kReallocRelease : HeapStepKind::kRemapRelease);
  give.address = event.old_address;
  give.size = block ? 0 : event.old_size;
  give.stack = StackId{};
  give.flags = 0;
  settle();
  HeapStep& take = append(event, block ? HeapStepKind::kReallocAcquire : HeapStepKind::kRemapAcquire);
  take.time = event.end_time;
  take.old_address = event.old_address;
  settle();
}

// Fields that the op does not have are left over from an earlier event; they are not used.
HeapStep& ThreadEventStream::append(const Event& event, HeapStepKind kind) {
  HeapStep& step = buffer_[end_++];
  step.time = event.time;
  step.address = event.address;
  step.size = event.size;
  step.stack = event.stack;
  step.flags = event.flags;
  step.kind = kind;
  step.domain = event.domain;
  return step;
}

// Moves the last step back to its place in time. Cost: one comparison if it is in order. A step that belongs before the
// last consumed one becomes the next step and gets the time of the last consumed step.
void ThreadEventStream::settle() {
  size_t at = end_ - 1;
  if (buffer_[at].time < image_->begin_time()) {  // published too late for the snapshot
    buffer_[at].time = image_->begin_time();
    ++misplaced_;
  }
  const uint64_t time = buffer_[at].time;
  const uint64_t before = at > begin_ ? buffer_[at - 1].time : last_time_;
  if (before <= time) return;
  const HeapStep step = buffer_[at];
  for (; at > begin_ && buffer_[at - 1].time > time; --at) buffer_[at] = buffer_[at - 1];
  buffer_[at] = step;
  if (time >= last_time_) return;
  buffer_[at].time = last_time_;
  ++misplaced_;
}

}  // namespace cistern::analyzer
