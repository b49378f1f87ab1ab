#include "analyzer/read/event_stream.h"

#include <algorithm>

namespace cistern::analyzer {

namespace {

// A segment's first_time is when its thread's state was made. If the first event is a realloc, it began earlier, by the
// time that the allocator took: less than a tenth of a second.
uint64_t longest_call(const ProfileHeader& header) {
  return (header.clock_hz >> (header.time_shift & 63)) / 10;
}

}  // namespace

EventStream::EventStream(const Image& image) : image_(&image), early_(longest_call(image.header)) {
  streams_.resize(image.streams.size());
  for (uint32_t i = 0; i < image.streams.size(); ++i) waiting_.push_back(i);
  std::sort(waiting_.begin(), waiting_.end(),
            [this](uint32_t a, uint32_t b) { return start_of(a) != start_of(b) ? start_of(a) > start_of(b) : a > b; });
  open_due();
}

uint64_t EventStream::start_of(uint32_t stream_id) const noexcept {
  const std::vector<FoundSegment>& segments = image_->streams[stream_id].segments;
  return segments.empty() ? 0 : segments.front().header.first_time;
}

// Whether the next stream may have an event at `time` or before.
bool EventStream::opens_by(uint64_t time) const noexcept {
  const uint64_t start = start_of(waiting_.back());
  return start <= early_ || start - early_ <= time;
}

void EventStream::open_due() {
  while (!waiting_.empty() && (heap_.empty() || opens_by(heap_.front().time))) open_next();
}

void EventStream::open_next() {
  const uint32_t stream_id = waiting_.back();
  waiting_.pop_back();
  streams_[stream_id] = std::make_unique<ThreadEventStream>(image_->streams[stream_id], *image_);
  if (streams_[stream_id]->ready().empty()) return close(stream_id);
  heap_.push_back(head_of(streams_[stream_id]->ready().front(), stream_id));
  for (size_t at = heap_.size() - 1; at > 0 && heap_[at] < heap_[(at - 1) / 2]; at = (at - 1) / 2) {
    std::swap(heap_[at], heap_[(at - 1) / 2]);
  }
}

void EventStream::close(uint32_t stream_id) {
  const std::unique_ptr<ThreadEventStream> ended = std::move(streams_[stream_id]);
  ended_events_ += ended->events();
  ended_unreadable_bytes_ += ended->unreadable_bytes();
  ended_misplaced_ += ended->misplaced_steps();
  ended_decoded_bytes_ += ended->decoded_bytes();
}

// Consumes the steps that next() returned, and moves their stream to its place in the heap.
void EventStream::finish_run() {
  if (returned_ == 0) return;
  const uint32_t stream_id = heap_.front().stream;
  ThreadEventStream& stream = *streams_[stream_id];
  stream.consume(std::exchange(returned_, 0));
  if (!stream.ready().empty()) {
    heap_.front() = head_of(stream.ready().front(), stream_id);
  } else {
    close(stream_id);
    heap_.front() = heap_.back();
    heap_.pop_back();
  }
  sift_down();
}

void EventStream::sift_down() noexcept {
  size_t at = 0;
  for (;;) {
    size_t least = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child) {
      if (heap_[child] < heap_[least]) least = child;
    }
    if (least == at) return;
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

// The second least head. If there is only one stream: a head behind all others.
EventStream::Head EventStream::second_head() const noexcept {
  if (heap_.size() == 1) return {UINT64_MAX, true, UINT32_MAX};
  return heap_.size() == 2 || heap_[1] < heap_[2] ? heap_[1] : heap_[2];
}

// Returns steps of the top stream up to the second stream's head, the beginning of the next stream, or `until`.
StepRun EventStream::next(uint64_t until) {
  finish_run();
  open_due();
  if (heap_.empty() || heap_.front().time >= until) return {};
  if (!waiting_.empty()) until = std::min(until, start_of(waiting_.back()) - early_);
  const uint32_t index = heap_.front().stream;
  const std::span<const HeapStep> ready = streams_[index]->ready();
  const Head next = second_head();
  const bool all = ready.back().time < std::min(until, next.time);
  size_t count = all ? ready.size() : 1;
  while (count < ready.size() && ready[count].time < until && head_of(ready[count], index) < next) ++count;
  returned_ = count;
  return {streams_[index]->stream_id(), ready.first(count)};
}

uint64_t EventStream::events() const noexcept {
  uint64_t sum = ended_events_;
  for (const auto& stream : streams_) sum += stream != nullptr ? stream->events() : 0;
  return sum;
}

uint64_t EventStream::unreadable_bytes() const noexcept {
  uint64_t sum = ended_unreadable_bytes_;
  for (const auto& stream : streams_) sum += stream != nullptr ? stream->unreadable_bytes() : 0;
  return sum;
}

uint64_t EventStream::misplaced_steps() const noexcept {
  uint64_t sum = ended_misplaced_;
  for (const auto& stream : streams_) sum += stream != nullptr ? stream->misplaced_steps() : 0;
  return sum;
}

uint64_t EventStream::decoded_bytes() const noexcept {
  uint64_t sum = ended_decoded_bytes_;
  for (const auto& stream : streams_) sum += stream != nullptr ? stream->decoded_bytes() : 0;
  return sum;
}

}  // namespace cistern::analyzer
