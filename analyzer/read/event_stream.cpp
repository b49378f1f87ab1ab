#include "analyzer/read/event_stream.h"

#include <algorithm>

namespace cistern::analyzer {

EventStream::EventStream(const Image& image) {
  streams_.reserve(image.owners.size());
  for (const OwnerSegments& owner : image.owners) streams_.emplace_back(owner, image);
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    if (!streams_[i].ready().empty()) heap_.push_back(head_of(streams_[i].ready().front(), i));
  }
  std::sort(heap_.begin(), heap_.end());  // a sorted array is a heap
}

// Consumes what was handed out and puts its stream back in its place.
void EventStream::finish_run() {
  if (given_ == 0) return;
  OwnerStream& stream = streams_[heap_.front().stream];
  stream.consume(std::exchange(given_, 0));
  if (!stream.ready().empty()) {
    heap_.front() = head_of(stream.ready().front(), heap_.front().stream);
  } else {
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

// The head that is next behind the top one; one after everything when the top stream is alone.
EventStream::Head EventStream::rival() const noexcept {
  if (heap_.size() == 1) return {UINT64_MAX, true, UINT32_MAX};
  return heap_.size() == 2 || heap_[1] < heap_[2] ? heap_[1] : heap_[2];
}

// The top stream runs ahead alone until the next stream's head, or `until`.
Run EventStream::next(uint64_t until) {
  finish_run();
  if (heap_.empty() || heap_.front().time >= until) return {};
  const uint32_t index = heap_.front().stream;
  const std::span<const Step> ready = streams_[index].ready();
  const Head next = rival();
  const bool all = ready.back().time < std::min(until, next.time);
  size_t count = all ? ready.size() : 1;
  while (count < ready.size() && ready[count].time < until && head_of(ready[count], index) < next) ++count;
  given_ = count;
  return {streams_[index].owner(), ready.first(count)};
}

uint64_t EventStream::events() const noexcept {
  uint64_t sum = 0;
  for (const OwnerStream& stream : streams_) sum += stream.events();
  return sum;
}

uint64_t EventStream::torn_bytes() const noexcept {
  uint64_t sum = 0;
  for (const OwnerStream& stream : streams_) sum += stream.torn_bytes();
  return sum;
}

uint64_t EventStream::misplaced_steps() const noexcept {
  uint64_t sum = 0;
  for (const OwnerStream& stream : streams_) sum += stream.misplaced_steps();
  return sum;
}

uint64_t EventStream::decoded_bytes() const noexcept {
  uint64_t sum = 0;
  for (const OwnerStream& stream : streams_) sum += stream.decoded_bytes();
  return sum;
}

}  // namespace cistern::analyzer
