// The sign that time passes: every few milliseconds a word in the window of each recorded process is counted up, by a
// thread of `cistern run`'s own. With it the recorder need not read the time for each event (see CoarseClock in
// cistern/window.h). Where it cannot be given, each event has its own. Throws nothing.
#pragma once

#include <cstdint>

#include "analyzer/write/descriptor.h"
#include "analyzer/live/followed_images.h"
#include "analyzer/live/periodic_thread.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// One image whose window has a beat.
class TickedImage {
 public:
  // Errors: Failure.
  explicit TickedImage(const ListedImage& image);

  // Returns whether the process has made use of the last beat.
  bool beat();
  // Whether it has finalized its window or is no more.
  bool ended() const;

 private:
  Descriptor window_;
  ImageIdentity process_;
  uint32_t count_ = 0;
};

class CoarseClockTicker {
 public:
  // `images` outlives this.
  explicit CoarseClockTicker(const ImageList& images);

 private:
  Rounds::Pause round();

  FollowedImages<TickedImage> images_;
  Rounds::Pause pause_;
  unsigned beats_ = 0;
  Rounds rounds_;  // ends first
};

}  // namespace cistern::analyzer
