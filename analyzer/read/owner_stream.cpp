#include "analyzer/read/owner_stream.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

constexpr size_t kReorderSteps = 64;
constexpr size_t kMaxBufferSteps = 1024;
constexpr size_t kLeastEventBytes = 3;

size_t capacity_for(std::span<const FoundSegment> segments) {
  uint64_t bytes = 0;
  for (const FoundSegment& segment : segments) bytes += segment.payload.size();
  const uint64_t steps = 2 * (bytes / kLeastEventBytes + 1) + kReorderSteps;
  return static_cast<size_t>(std::min<uint64_t>(steps, kMaxBufferSteps));
}

}  // namespace

OwnerStream::OwnerStream(const OwnerSegments& owner)
    : owner_(owner.owner), segments_(owner.segments), capacity_(capacity_for(owner.segments)) {
  buffer_.reserve(capacity_);
  if (!segments_.empty()) open_segment(0);
  refill();
}

void OwnerStream::consume(size_t count) {
  begin_ += count;
  if (begin_ == ready_end_) refill();
}

void OwnerStream::open_segment(size_t index) {
  segment_ = index;
  const FoundSegment& segment = segments_[index];
  const uint8_t* const begin = segment.payload.data();
  decoder_ = EventDecoder(begin, begin + segment.payload.size(), segment.header.first_time);
}

void OwnerStream::close_segment() {
  const uint64_t size = segments_[segment_].payload.size();
  if (!decoder_.ok()) torn_bytes_ += size - decoder_.offset();
  decoded_bytes_ += size;
}

// Drops what was consumed, decodes until the buffer is full, and holds the last few steps back for those yet to come.
void OwnerStream::refill() {
  if (begin_ != 0) last_time_ = buffer_[begin_ - 1].time;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  const bool more = decode_into_buffer();
  ready_end_ = more ? buffer_.size() - std::min(buffer_.size(), kReorderSteps) : buffer_.size();
}

// Returns whether there is more to decode.
bool OwnerStream::decode_into_buffer() {
  Event event;
  while (segment_ < segments_.size()) {
    while (buffer_.size() + 2 <= capacity_) {
      if (!decoder_.next(event)) break;
      ++events_;
      push(event);
    }
    if (buffer_.size() + 2 > capacity_) return true;
    close_segment();
    if (segment_ + 1 == segments_.size()) {
      segment_ = segments_.size();
    } else {
      open_segment(segment_ + 1);
    }
  }
  return false;
}

void OwnerStream::push(const Event& event) {
  Step step;
  step.time = event.time;
  step.address = event.address;
  step.size = event.size;
  step.stack = event.stack;
  step.flags = event.flags;
  step.domain = event.domain;
  switch (event.op) {
    case Op::kAlloc:
      step.kind = StepKind::kAlloc;
      break;
    case Op::kFree:
      step.kind = StepKind::kFree;
      break;
    case Op::kMap:
      step.kind = StepKind::kMap;
      break;
    case Op::kUnmap:
      step.kind = StepKind::kUnmap;
      break;
    case Op::kArena:
      step.kind = event.arena_freed ? StepKind::kArenaFreed : StepKind::kArenaMade;
      break;
    case Op::kRealloc:
    case Op::kRemap: {
      const bool block = event.op == Op::kRealloc;
      Step give;
      give.time = event.time;
      give.address = event.old_address;
      give.size = block ? 0 : event.old_size;
      give.domain = event.domain;
      give.kind = block ? StepKind::kReallocGive : StepKind::kRemapGive;
      insert(give);
      step.time = event.end_time;
      step.old_address = event.old_address;
      step.kind = block ? StepKind::kReallocTake : StepKind::kRemapTake;
      break;
    }
    case Op::kExtension:
      return;
  }
  insert(step);
}

// Insertion from the back: a step that is in order costs one comparison. One that belongs before what was consumed
// comes next, at the time of what was consumed last.
void OwnerStream::insert(const Step& step) {
  buffer_.push_back(step);
  size_t at = buffer_.size() - 1;
  while (at > begin_ && buffer_[at - 1].time > step.time) {
    buffer_[at] = buffer_[at - 1];
    --at;
  }
  buffer_[at] = step;
  if (step.time >= last_time_) return;
  buffer_[at].time = last_time_;
  ++misplaced_;
}

}  // namespace cistern::analyzer
