#include "analyzer/live/coarse_clock_ticker.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "analyzer/read/image_paths.h"
#include "analyzer/write/process_liveness.h"
#include "analyzer/write/run_failure.h"
#include "cistern/format/window.h"

namespace cistern::analyzer {
namespace {

// How old the time of an event may be. While no process makes use of it, longer; still far shorter than what the
// recorder takes for the end of us.
constexpr Rounds::Pause kPause{5};
constexpr Rounds::Pause kIdlePause{40};
constexpr unsigned kBeatsBetweenLooks = 100;  // for processes that have ended
constexpr uint64_t kBeat = kWindowControlOffset + offsetof(WindowControl, beat);

std::string window_path(const ListedImage& image) {
  return window_of(image.profile, Descriptor(image.profile, O_RDONLY | O_NONBLOCK).value_at<ProfileHeader>(0));
}

}  // namespace

TickedImage::TickedImage(const ListedImage& image) : window_(window_path(image), O_RDWR | O_NONBLOCK) {
  const auto header = window_.value_at<ProfileHeader>(0);
  process_ = header.image;
  if (header.role == FileRole::kWindow && process_.pid == image.pid && process_.number == image.number) return;
  throw run_failure(window_.path(), "is another process's");
}

bool TickedImage::beat() {
  const bool used = window_.value_at<CoarseClock>(kBeat).holder != 0;
  if (++count_ == 0) ++count_;
  const CoarseClock beat{count_, 0};
  window_.write_at(kBeat, &beat, sizeof beat);
  return used;
}

bool TickedImage::ended() const {
  struct stat status;
  if (fstat(window_.number(), &status) != 0 || status.st_nlink == 0) return true;
  return !process_lives(process_.pid, process_.start_ticks);
}

CoarseClockTicker::CoarseClockTicker(const ImageList& images)
    : images_(images), pause_(kPause), rounds_(kPause, [this] { return round(); }) {}

Rounds::Pause CoarseClockTicker::round() {
  images_.find_new([](const ListedImage& image) { return std::make_unique<TickedImage>(image); });
  const bool look = ++beats_ % kBeatsBetweenLooks == 0;
  bool used = false;
  images_.each([&used, look](TickedImage& image) {
    used = image.beat() || used;
    return !look || !image.ended();
  });
  return pause_ = used ? kPause : std::min(pause_ + Rounds::Pause(1), kIdlePause);
}

}  // namespace cistern::analyzer
