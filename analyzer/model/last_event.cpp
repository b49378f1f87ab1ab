#include "analyzer/model/last_event.h"

#include <algorithm>

#include "analyzer/read/owner_stream.h"

namespace cistern::analyzer {
namespace {

uint64_t last_time_of(const Image& image, OwnerId owner, const FoundSegment& segment) {
  if (segment.header.last_time != 0) return segment.header.last_time;
  const OwnerSegments alone{owner, {segment}};
  OwnerStream stream(alone, image);
  uint64_t last = 0;
  for (auto steps = stream.ready(); !steps.empty(); steps = stream.ready()) {
    last = std::max(last, steps.back().time);
    stream.consume(steps.size());
  }
  return last;
}

}  // namespace

uint64_t last_event_time(const Image& image) {
  uint64_t last = image.aggregate != nullptr ? image.aggregate->heap().last_time : 0;
  for (const OwnerSegments& owner : image.owners) {
    for (const FoundSegment& segment : owner.segments) last = std::max(last, last_time_of(image, owner.owner, segment));
  }
  return last;
}

}  // namespace cistern::analyzer
