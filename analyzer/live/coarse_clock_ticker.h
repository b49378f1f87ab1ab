// Ticks the coarse clock: every few milliseconds a thread of `cistern run` increments a counter in the window of each
// recorded process, so that the recorder need not read the time for each event (see CoarseClock in
// cistern/format/window_layout.h). A process without ticks reads the time itself. Throws nothing.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/live/followed_images.h"
#include "analyzer/live/periodic_thread.h"
#include "analyzer/write/descriptor.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// One image whose coarse clock is ticked.
class TickedImage {
 public:
  // Errors: Failure.
  explicit TickedImage(const ListedImage& image);

  // Returns whether the process has used the previous tick.
  bool tick();
  // Whether the process has finalized its window or has ended.
  bool ended() const;

 private:
  std::string profile_;
  Descriptor window_;
  ProfileHeader header_;
  uint32_t ticks_ = 0;
};

class CoarseClockTicker {
 public:
  // `images` must outlive this object.
  explicit CoarseClockTicker(const ImageSource& images);

 private:
  PeriodicThread::Pause tick_images();

  FollowedImages<TickedImage> images_;
  PeriodicThread::Pause pause_;
  unsigned ticks_ = 0;
  PeriodicThread thread_;  // ends first
};

}  // namespace cistern::analyzer
