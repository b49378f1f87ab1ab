#include "analyzer/record/drain.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "analyzer/record/aggregated_image.h"
#include "analyzer/record/drained_image.h"

namespace cistern::analyzer {
namespace {

// A busy program fills some 30 MB in the longest pause.
constexpr Rounds::Pause kShortPause{5};
constexpr Rounds::Pause kLongPause{100};

std::unique_ptr<LiveImage> follow(const ListedImage& image, Ring ring) {
  if (ring == Ring::kAggregate) return std::make_unique<AggregatedImage>(image);
  return std::make_unique<DrainedImage>(image);
}

// Of the calling thread.
void give_way() {
  constexpr int kYielding = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kYielding);
}

}  // namespace

Drain::Drain(const ImageList& images, Ring ring)
    : ring_(ring), images_(images), pause_(kShortPause), rounds_(kShortPause, [this] { return round(); }) {}

Rounds::Pause Drain::round() {
  // Whoever asked for totals wants a small disk: that is only had by keeping up.
  if (!gives_way_ && ring_ != Ring::kAggregate) give_way();
  gives_way_ = true;
  images_.find_new([this](const ListedImage& image) { return follow(image, ring_); });
  uint64_t done = 0;
  images_.each([&done](LiveImage& image) {
    const uint64_t bytes = image.drain();
    done += bytes;
    return bytes != 0 || !image.ended();
  });
  return pause_ = done != 0 ? kShortPause : std::min(2 * pause_, kLongPause);
}

}  // namespace cistern::analyzer
