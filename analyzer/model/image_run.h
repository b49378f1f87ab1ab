// One replay of an image from its start to its last event; a report needs no second one. It stops at the moments that
// the report asks for, notes the end state on the way, and ends with the image's facts.
//
//   ImageRun run(image, progress);
//   run.to(moment, observer);      // run.model() is the heap at that moment
//   ImageFacts facts = run.finish(observer);
#pragma once

#include <cstdint>

#include "analyzer/model/end_state.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/replay.h"

namespace cistern::analyzer {

class ImageRun {
 public:
  // Both outlive this; `progress` may be null.
  ImageRun(const Image& image, Progress* progress)
      : image_(image), end_state_(end_state_of(image)), replay_(image, progress) {}

  // Applies the events earlier than `moment`. Moments must not decrease, and are not earlier than image.begin_time().
  template <typename Observer>
  void to(uint64_t moment, Observer& observer) {
    if (!end_noted_ && end_state_.time <= moment) {
      replay_.run_until(end_state_.time, observer);
      note_end();
    }
    replay_.run_until(moment, observer);
  }
  void to(uint64_t moment) {
    HeapObserver nobody;
    to(moment, nobody);
  }

  // Applies the remaining events. Afterwards model() has the peak of the whole run.
  template <typename Observer>
  ImageFacts finish(Observer& observer) {
    to(UINT64_MAX, observer);
    return facts();
  }
  ImageFacts finish() {
    HeapObserver nobody;
    return finish(nobody);
  }

  HeapModel& model() noexcept { return replay_.model(); }
  const EndState& end_state() const noexcept { return end_state_; }
  const Image& image() const noexcept { return image_; }

 private:
  void note_end();
  ImageFacts facts();

  const Image& image_;
  EndState end_state_;
  Replay replay_;
  bool end_noted_ = false;
  Amount end_live_;
};

// The time right after the event with the most live bytes. Replays the whole image.
uint64_t peak_moment(const Image& image, Progress* progress);

}  // namespace cistern::analyzer
