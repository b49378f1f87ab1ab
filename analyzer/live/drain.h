// `--ring drain` and `--ring snapshot`: packs the profiles of a run while its programs run, or makes totals of them,
// on a thread of `cistern run`'s own, which gives way to them while it packs. What it cannot do, because it is late,
// may not, or has no room, is left as it is: plain segments in the profile. Throws nothing.
#pragma once

#include "analyzer/live/followed_images.h"
#include "analyzer/live/live_profile.h"
#include "analyzer/live/periodic_thread.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

class Drain {
 public:
  // `images` outlives this.
  Drain(const ImageList& images, RingMode ring);

  // Returns when no round is going on any more.
  void stop() { rounds_.stop(); }

 private:
  Rounds::Pause round();

  RingMode ring_;
  FollowedImages<LiveImage> images_;
  Rounds::Pause pause_;
  bool gives_way_ = false;
  Rounds rounds_;  // ends first
};

}  // namespace cistern::analyzer
