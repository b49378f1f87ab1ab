#include "analyzer/model/image_run.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

uint64_t since_start(const Image& image, uint64_t time) {
  return static_cast<uint64_t>(std::max<int64_t>(image.clock.since_start_ns(time), 0));
}

}  // namespace

void ImageRun::note_end() {
  end_noted_ = true;
  end_live_ = replay_.model().totals().live;
}

ImageFacts ImageRun::facts() {
  const PrefetchingEventStream& stream = replay_.stream();
  const HeapTotals& totals = replay_.model().totals();
  ImageFacts facts = facts_from_records(image_);
  const uint64_t last = last_moment(image_, replay_.last_time());
  facts.duration_ns = since_start(image_, last);
  facts.events = replay_.events();
  facts.unreadable_bytes += stream.unreadable_bytes();
  facts.peak = totals.at_peak;
  facts.peak_ns = since_start(image_, totals.peak_time);
  facts.end = end_live_;
  facts.end_ns = since_start(image_, std::min(end_state_.time, last));
  return facts;
}

uint64_t peak_moment(const Image& image, Progress* progress) {
  Replay replay(image, progress);
  replay.run_until(UINT64_MAX);
  return replay.model().totals().peak_time + 1;
}

}  // namespace cistern::analyzer
