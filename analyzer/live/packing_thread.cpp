#include "analyzer/live/packing_thread.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "analyzer/live/live_profile_packer.h"
#include "analyzer/live/live_snapshot_taker.h"

namespace cistern::analyzer {
namespace {

// A busy program writes about 30 MB in the longest pause.
constexpr PeriodicThread::Pause kShortPause{5};
constexpr PeriodicThread::Pause kLongPause{100};

std::unique_ptr<LivePacker> packer_for(const ListedImage& image, RingMode ring) {
  if (ring == RingMode::kSnapshot) return std::make_unique<LiveSnapshotTaker>(image);
  return std::make_unique<LiveProfilePacker>(image);
}

void lower_priority_of_this_thread() {
  constexpr int kNice = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

}  // namespace

PackingThread::PackingThread(const ImageSource& images, RingMode ring)
    : ring_(ring), images_(images), pause_(kShortPause), thread_(kShortPause, [this] { return pack_images(); }) {}

PeriodicThread::Pause PackingThread::pack_images() {
  // Snapshots keep the disk small only if they keep up with the programs.
  if (!priority_lowered_ && ring_ != RingMode::kSnapshot) lower_priority_of_this_thread();
  priority_lowered_ = true;
  images_.find_new([this](const ListedImage& image) { return packer_for(image, ring_); });
  uint64_t done = 0;
  images_.each([&done](LivePacker& image) {
    const uint64_t bytes = image.pack_new_segments();
    done += bytes;
    return bytes != 0 || !image.ended();
  });
  return pause_ = done != 0 ? kShortPause : std::min(2 * pause_, kLongPause);
}

}  // namespace cistern::analyzer
