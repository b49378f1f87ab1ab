#include "analyzer/model/last_event.h"

#include <algorithm>

#include "analyzer/read/thread_event_stream.h"

namespace cistern::analyzer {
namespace {

uint64_t last_time_of(const Image& image, StreamId stream_id, const FoundSegment& segment) {
  if (segment.header.last_time != 0) return segment.header.last_time;
  const StreamSegments alone{stream_id, {segment}};
  ThreadEventStream stream(alone, image);
  uint64_t last = 0;
  for (auto steps = stream.ready(); !steps.empty(); steps = stream.ready()) {
    last = std::max(last, steps.back().time);
    stream.consume(steps.size());
  }
  return last;
}

}  // namespace

uint64_t last_event_time(const Image& image) {
  uint64_t last = image.snapshot != nullptr ? image.snapshot->heap().last_time : 0;
  for (const StreamSegments& stream_id : image.streams) {
    for (const FoundSegment& segment : stream_id.segments)
      last = std::max(last, last_time_of(image, stream_id.stream_id, segment));
  }
  return last;
}

}  // namespace cistern::analyzer
