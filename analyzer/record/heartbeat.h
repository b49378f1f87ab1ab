// The sign that time passes: every few milliseconds a word in the window of each recorded process is counted up, by a
// thread of `cistern run`'s own. With it the recorder need not read the time for each event (see Beat in
// cistern/window.h). Where it cannot be given, each event has its own. Throws nothing.
#pragma once

#include <cstdint>

#include "analyzer/record/descriptor.h"
#include "analyzer/record/followed_images.h"
#include "analyzer/record/rounds.h"
#include "cistern/profile.h"

namespace cistern::analyzer {

// One image whose window has a beat.
class BeatenImage {
 public:
  // Errors: Failure.
  explicit BeatenImage(const ListedImage& image);

  // Returns whether the process has made use of the last beat.
  bool beat();
  // Whether it has folded its window or is no more.
  bool ended() const;

 private:
  Descriptor window_;
  ImageIdentity process_;
  uint32_t count_ = 0;
};

class Heartbeat {
 public:
  // `images` outlives this.
  explicit Heartbeat(const ImageList& images);

 private:
  Rounds::Pause round();

  FollowedImages<BeatenImage> images_;
  Rounds::Pause pause_;
  unsigned beats_ = 0;
  Rounds rounds_;  // ends first
};

}  // namespace cistern::analyzer
