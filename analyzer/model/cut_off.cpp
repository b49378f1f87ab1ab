#include "analyzer/model/cut_off.h"

#include <algorithm>

#include "analyzer/model/last_event.h"

namespace cistern::analyzer {
namespace {

constexpr int64_t kLongestNs = 10'000'000'000;
constexpr int64_t kShareOfRun = 10;

}  // namespace

bool was_cut_off(const Image& image) {
  const EndKind how = image.process_events.end.how;
  return how == EndKind::kSignal || how == EndKind::kUnknown || how == EndKind::kNone;
}

int64_t last_event_ns(const Image& image) {
  return std::max<int64_t>(image.clock.since_start_ns(last_event_time(image)), 0);
}

uint64_t last_seconds_begin(const Image& image) {
  const int64_t end_ns = last_event_ns(image);
  return image.clock.time_at(end_ns - std::min(kLongestNs, end_ns / kShareOfRun));
}

}  // namespace cistern::analyzer
