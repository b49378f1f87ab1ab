// What an image that was cut off held at its last event, and what grew in its last seconds: why it may have been
// killed. An image is cut off when a signal ended it or its end is unknown.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/model/progress.h"
#include "analyzer/model/sites.h"
#include "analyzer/read/image.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct HeldStack {
  NodeId stack{};
  Amount before;  // live when the last seconds began
  Amount live;    // at the last event
  int64_t grown_bytes() const noexcept { return static_cast<int64_t>(live.bytes - before.bytes); }
  int64_t grown_blocks() const noexcept { return static_cast<int64_t>(live.blocks - before.blocks); }
};

// The last ten seconds, or the last tenth of a shorter run.
struct LastSeconds {
  uint32_t pid = 0;
  int64_t begin_ns = 0;  // since the image's start
  int64_t end_ns = 0;    // of its last event
  HeldStack all;
  std::vector<HeldStack> held;         // most live bytes first
  std::vector<HeldStack> grown;        // most growth first; only stacks that grew
  uint64_t resident_before_bytes = 0;  // RSS as last sampled before the last seconds; 0: never
  uint64_t resident_bytes = 0;         // RSS as last sampled

  // A snapshot replaces the events before `begin_ns`, or all events of an image that was cut off.
  bool shortened = false;

  double seconds() const noexcept { return static_cast<double>(end_ns - begin_ns) / 1e9; }
  // A snapshot replaces all events, so growth is unknown.
  bool growth_unknown() const noexcept { return shortened && end_ns == begin_ns; }
};

// Replays the image. `progress` may be null.
LastSeconds last_seconds(const Image& image, CallTree& tree, Progress* progress);

// The innermost frame of the program's own code; null without a Python frame.
const Frame* own_frame(const HeldStack& held, const CallTree& tree);

}  // namespace cistern::analyzer
