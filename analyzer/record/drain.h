// `--ring drain` and `--ring aggregate`: packs the profiles of a run while its programs run, or makes totals of them,
// on a thread of `cistern run`'s own, which gives way to them while it packs. What it cannot do, because it is late,
// may not, or has no room, is left as it is: plain segments in the profile. Throws nothing.
#pragma once

#include "analyzer/record/followed_images.h"
#include "analyzer/record/live_profile.h"
#include "analyzer/record/rounds.h"
#include "cistern/options.h"

namespace cistern::analyzer {

class Drain {
 public:
  // `images` outlives this.
  Drain(const ImageList& images, Ring ring);

  // Returns when no round is going on any more.
  void stop() { rounds_.stop(); }

 private:
  Rounds::Pause round();

  Ring ring_;
  FollowedImages<LiveImage> images_;
  Rounds::Pause pause_;
  bool gives_way_ = false;
  Rounds rounds_;  // ends first
};

}  // namespace cistern::analyzer
