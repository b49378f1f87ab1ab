// The thread of `cistern run` that makes the profiles of its programs smaller while they run: `--ring drain` packs
// them,
// `--ring snapshot` replaces their events by snapshots. While it packs, it runs at lower priority than the programs.
// Segments that it cannot handle (too late, no permission, no space) stay in the profile as they are. Throws nothing.
#pragma once

#include "analyzer/live/followed_images.h"
#include "analyzer/live/live_packer.h"
#include "analyzer/live/periodic_thread.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

class PackingThread {
 public:
  // `images` must outlive this object.
  PackingThread(const ImageSource& images, RingMode ring);

  // Returns when the thread has ended. The profiles are then free for collect().
  void stop() {
    thread_.stop();
    images_.each([](LivePacker& image) {
      image.unlock();
      return true;
    });
  }

 private:
  PeriodicThread::Pause pack_images();

  RingMode ring_;
  FollowedImages<LivePacker> images_;
  PeriodicThread::Pause pause_;
  bool priority_lowered_ = false;
  PeriodicThread thread_;  // ends first
};

}  // namespace cistern::analyzer
