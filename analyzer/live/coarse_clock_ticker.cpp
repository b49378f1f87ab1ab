#include "analyzer/live/coarse_clock_ticker.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "analyzer/read/failure.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/read/image_paths.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {
namespace {

// The greatest error of an event's time. Longer while no process uses the clock, but far shorter than the time after
// which the recorder considers `cistern run` dead.
constexpr PeriodicThread::Pause kPause{5};
constexpr PeriodicThread::Pause kIdlePause{40};
constexpr unsigned kTicksBetweenLivenessChecks = 100;
constexpr uint64_t kClockOffset = kWindowControlOffset + offsetof(WindowControl, coarse_clock);

std::string window_path(const ListedImage& image) {
  return window_of(image.profile, Descriptor(image.profile, O_RDONLY | O_NONBLOCK).value_at<ProfileHeader>(0));
}

}  // namespace

TickedImage::TickedImage(const ListedImage& image)
    : profile_(image.profile),
      window_(window_path(image), O_RDWR | O_NONBLOCK),
      header_(window_.value_at<ProfileHeader>(0)) {
  const ImageIdentity& process = header_.image;
  if (header_.role == FileRole::kWindow && process.pid == image.pid && process.number == image.number) return;
  throw unreadable(window_.path(), "belongs to another process");
}

bool TickedImage::tick() {
  const bool used = window_.value_at<CoarseClock>(kClockOffset).holder != 0;
  if (++ticks_ == 0) ++ticks_;
  const CoarseClock clock{ticks_, 0};
  window_.write_at(kClockOffset, &clock, sizeof clock);
  return used;
}

bool TickedImage::ended() const {
  struct stat status;
  if (fstat(window_.number(), &status) != 0 || status.st_nlink == 0) return true;
  return liveness_of(profile_, header_) == Liveness::kEnded;
}

CoarseClockTicker::CoarseClockTicker(const ImageSource& images)
    : images_(images), pause_(kPause), thread_(kPause, [this] { return tick_images(); }) {}

PeriodicThread::Pause CoarseClockTicker::tick_images() {
  images_.find_new([](const ListedImage& image) { return std::make_unique<TickedImage>(image); });
  const bool check_liveness = ++ticks_ % kTicksBetweenLivenessChecks == 0;
  bool used = false;
  images_.each([&used, check_liveness](TickedImage& image) {
    used = image.tick() || used;
    return !check_liveness || !image.ended();
  });
  return pause_ = used ? kPause : std::min(pause_ + PeriodicThread::Pause(1), kIdlePause);
}

}  // namespace cistern::analyzer
