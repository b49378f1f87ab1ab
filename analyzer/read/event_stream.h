// All events of an image in order of time: merges the streams of its threads. Steps with equal times are ordered by the
// profile alone: releases before acquisitions, then by stream; within a stream as they were recorded. Memory: one
// buffer of bounded size for each stream that has begun and not ended.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/read/heap_step.h"
#include "analyzer/read/image.h"
#include "analyzer/read/thread_event_stream.h"

namespace cistern::analyzer {

class EventStream {
 public:
  // `image` outlives this.
  explicit EventStream(const Image& image);

  // The next steps, all of one stream and all earlier than `until`. Empty if there are none. Valid until the next call.
  StepRun next(uint64_t until = UINT64_MAX);

  // Figures of what has been decoded so far.
  uint64_t events() const noexcept;
  uint64_t unreadable_bytes() const noexcept;
  uint64_t misplaced_steps() const noexcept;
  uint64_t decoded_bytes() const noexcept;

 private:
  struct Head {
    uint64_t time = 0;
    bool acquires = false;
    uint32_t stream = 0;
    bool operator<(const Head& other) const noexcept {
      if (time != other.time) return time < other.time;
      if (acquires != other.acquires) return !acquires;
      return stream < other.stream;
    }
  };
  static Head head_of(const HeapStep& step, uint32_t stream) noexcept {
    return {step.time, analyzer::acquires(step.kind), stream};
  }
  uint64_t start_of(uint32_t stream_id) const noexcept;
  bool opens_by(uint64_t time) const noexcept;
  void open_next();
  void open_due();
  void close(uint32_t stream_id);
  void finish_run();
  void sift_down() noexcept;
  Head second_head() const noexcept;

  const Image* image_;
  uint64_t early_ = 0;             // a stream's first event may be earlier than its first segment by this
  std::vector<uint32_t> waiting_;  // streams that have not begun, the next one last
  std::vector<std::unique_ptr<ThreadEventStream>> streams_;  // by stream; null: not begun, or ended
  std::vector<Head> heap_;                                   // the least head is on top
  uint64_t ended_events_ = 0;                                // of streams that have ended
  uint64_t ended_unreadable_bytes_ = 0;
  uint64_t ended_misplaced_ = 0;
  uint64_t ended_decoded_bytes_ = 0;
  size_t returned_ = 0;  // steps of the top stream that next() returned
};

}  // namespace cistern::analyzer
