// Applies an image's events to a heap model, up to one moment after another.
//
//   Replay replay(image, progress);
//   replay.run_until(end_state(image).time, observer);   // model() is the heap at that moment
//   replay.skip_rest();                                  // counts the remaining events
//
// When a snapshot replaces the first events of an image, the model starts with the heap of the snapshot.
#pragma once

#include <cstdint>

#include "analyzer/model/heap_model.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/image.h"
#include "analyzer/read/prefetching_event_stream.h"

namespace cistern::analyzer {

class Replay {
 public:
  // `image` and `progress` (which may be null) outlive this.
  Replay(const Image& image, Progress* progress) : stream_(image), model_(image.clock), progress_(progress) {
    if (image.snapshot != nullptr) {
      model_.load(*image.snapshot);
      last_time_ = image.snapshot->heap().last_time;
      snapshot_events_ = image.snapshot->heap().events;
    }
    if (progress_ != nullptr) progress_->expect(image.event_payload_bytes);
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  ~Replay() { report(); }

  // Applies all steps earlier than `time`. Moments must not decrease.
  template <typename Observer>
  void run_until(uint64_t time, Observer& observer) {
    for (StepRun run = stream_.next(time); !run.steps.empty(); run = stream_.next(time)) {
      model_.apply(run, observer);
      step(run);
    }
  }
  void run_until(uint64_t time) {
    HeapObserver nobody;
    run_until(time, nobody);
  }
  // Reads what is left without applying it, so that events() and unreadable_bytes() are those of the whole image.
  void skip_rest() {
    for (StepRun run = stream_.next(); !run.steps.empty(); run = stream_.next()) step(run);
  }

  HeapModel& model() noexcept { return model_; }
  // With the events that a snapshot replaces.
  uint64_t events() const noexcept { return snapshot_events_ + stream_.events(); }
  const PrefetchingEventStream& stream() const noexcept { return stream_; }
  // The time of the last step read, 0 before the first.
  uint64_t last_time() const noexcept { return last_time_; }

 private:
  void step(const StepRun& run) {
    last_time_ = run.steps.back().time;
    steps_since_report_ += run.steps.size();
    if (steps_since_report_ >= kStepsPerReport) report();
  }
  void report();

  static constexpr uint64_t kStepsPerReport = 1 << 18;
  PrefetchingEventStream stream_;
  HeapModel model_;
  Progress* progress_;
  uint64_t last_time_ = 0;
  uint64_t snapshot_events_ = 0;
  uint64_t steps_since_report_ = 0;
  uint64_t reported_bytes_ = 0;
};

}  // namespace cistern::analyzer
