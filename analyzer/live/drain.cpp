#include "analyzer/live/drain.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "analyzer/live/snapshot_taker.h"
#include "analyzer/live/drained_image.h"

namespace cistern::analyzer {
namespace {

// A busy program fills some 30 MB in the longest pause.
constexpr Rounds::Pause kShortPause{5};
constexpr Rounds::Pause kLongPause{100};

std::unique_ptr<LiveImage> follow(const ListedImage& image, RingMode ring) {
  if (ring == RingMode::kSnapshot) return std::make_unique<SnapshotTaker>(image);
  return std::make_unique<DrainedImage>(image);
}

// Of the calling thread.
void give_way() {
  constexpr int kYielding = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kYielding);
}

}  // namespace

Drain::Drain(const ImageList& images, RingMode ring)
    : ring_(ring), images_(images), pause_(kShortPause), rounds_(kShortPause, [this] { return round(); }) {}

Rounds::Pause Drain::round() {
  // Whoever asked for totals wants a small disk: that is only had by keeping up.
  if (!gives_way_ && ring_ != RingMode::kSnapshot) give_way();
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
