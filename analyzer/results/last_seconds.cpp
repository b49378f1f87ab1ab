#include "analyzer/results/last_seconds.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <iterator>

#include "analyzer/leaks/leak_order.h"
#include "analyzer/model/cut_off.h"
#include "analyzer/model/replay.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {
namespace {

// What the sites hold now, summed by stack.
class ByStack {
 public:
  ByStack(const Image& image, CallTree& tree) : resolver_(image, tree) {}

  void add(const Sites& sites, Amount HeldStack::*when, HeldStack& all) {
    for (uint32_t i = 0; i < sites.size(); ++i) {
      const Amount& live = sites.figures(i).live;
      if (live.blocks == 0) continue;
      const NodeId stack = resolver_.node_of(sites.site(i).stack);
      const auto [at, added] = index_.insert({raw(stack), stacks_.size()});
      if (added) stacks_.emplace_back().stack = stack;
      stacks_[at->second].*when += live;
      all.*when += live;
    }
  }
  std::vector<HeldStack> take() { return std::move(stacks_); }

 private:
  StackResolver resolver_;
  std::vector<HeldStack> stacks_;
  tsl::robin_map<uint32_t, size_t, MixedHash> index_;
};

void take_resident(const Image& image, uint64_t begin, LastSeconds& last) {
  for (const MemoryRecord& memory : image.process_events.memory) {
    if (memory.time <= begin) last.resident_before_bytes = memory.resident_bytes;
    last.resident_bytes = memory.resident_bytes;
  }
}

}  // namespace

LastSeconds last_seconds(const Image& image, CallTree& tree, Progress* progress) {
  LastSeconds last;
  last.pid = image.header.image.pid;
  uint64_t begin = last_seconds_begin(image);
  last.shortened = begin < image.begin_time();
  begin = std::max(begin, image.begin_time());
  last.end_ns = last_event_ns(image);
  last.begin_ns = std::min(std::max<int64_t>(image.clock.since_start_ns(begin), 0), last.end_ns);
  Replay replay(image, progress);
  ByStack stacks(image, tree);
  replay.run_until(begin);
  stacks.add(replay.model().sites(), &HeldStack::before, last.all);
  replay.run_until(UINT64_MAX);
  stacks.add(replay.model().sites(), &HeldStack::live, last.all);
  last.held = stacks.take();
  std::copy_if(last.held.begin(), last.held.end(), std::back_inserter(last.grown),
               [](const HeldStack& held) { return held.grown_bytes() > 0; });
  std::erase_if(last.held, [](const HeldStack& held) { return held.live.blocks == 0; });
  std::stable_sort(last.held.begin(), last.held.end(),
                   [](const HeldStack& a, const HeldStack& b) { return a.live.bytes > b.live.bytes; });
  std::stable_sort(last.grown.begin(), last.grown.end(),
                   [](const HeldStack& a, const HeldStack& b) { return a.grown_bytes() > b.grown_bytes(); });
  take_resident(image, begin, last);
  return last;
}

const Frame* own_frame(const HeldStack& held, const CallTree& tree) {
  const NodeId line = own_line(tree, held.stack);
  return line == kRootNode ? nullptr : &tree.frame(line);
}

}  // namespace cistern::analyzer
