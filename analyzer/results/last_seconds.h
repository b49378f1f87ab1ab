// What an image held when it was cut off, and what grew in its last seconds: for whoever asks why it was killed. Of
// images that ended by a signal, or of whose end nothing is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/model/progress.h"
#include "analyzer/model/sites.h"
#include "analyzer/read/image.h"
#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct HeldStack {
  NodeId stack{};
  Amount before;  // live when the last seconds began
  Amount live;    // at the last event
  int64_t grown_bytes() const noexcept { return static_cast<int64_t>(live.bytes - before.bytes); }
  int64_t grown_blocks() const noexcept { return static_cast<int64_t>(live.blocks - before.blocks); }
};

// The last ten seconds, or the last tenth of the run where that is shorter.
struct LastSeconds {
  uint32_t pid = 0;
  int64_t begin_ns = 0;  // since the image's start
  int64_t end_ns = 0;    // of its last event
  HeldStack all;
  std::vector<HeldStack> held;         // most live bytes first
  std::vector<HeldStack> grown;        // most growth first; none that did not grow
  uint64_t resident_before_bytes = 0;  // RSS at the last look before the last seconds; 0: there was none
  uint64_t resident_bytes = 0;         // and at the last one of all

  // Totals stand in the place of the events before `begin_ns`; of a whole run that was cut off, of all.
  bool shortened = false;

  double seconds() const noexcept { return static_cast<double>(end_ns - begin_ns) / 1e9; }
};

// Replays the image. `progress` may be null.
LastSeconds last_seconds(const Image& image, CallTree& tree, Progress* progress);

// Registers the files that last_seconds_text() names.
void add_paths(const LastSeconds& last, const CallTree& tree, PathNames& names);
// What it held and how RSS went, then at most `top` stacks that held most, and as many that grew most, each at the
// nearest line of the program's own.
std::string last_seconds_text(const LastSeconds& last, const CallTree& tree, const StackText& stacks, size_t columns,
                              size_t top);
Json last_seconds_json(const LastSeconds& last, const CallTree& tree, size_t top);

}  // namespace cistern::analyzer
