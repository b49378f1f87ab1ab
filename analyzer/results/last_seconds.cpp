#include "analyzer/results/last_seconds.h"

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include <algorithm>
#include <iterator>

#include "analyzer/leaks/leak_order.h"
#include "analyzer/model/cut_off.h"
#include "analyzer/model/replay.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMostFrames = 64;  // of a stack in JSON: a runaway recursion has a hundred thousand

void add_to(Amount& sum, const Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

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
      add_to(stacks_[at->second].*when, live);
      add_to(all.*when, live);
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

std::string signed_bytes(int64_t bytes) {
  return bytes < 0 ? "−" + format_bytes(static_cast<uint64_t>(-bytes))
                   : "+" + format_bytes(static_cast<uint64_t>(bytes));
}

std::string rate_text(const LastSeconds& last, int64_t bytes) {
  return last.end_ns > last.begin_ns ? format_rate(static_cast<double>(bytes) / last.seconds()) : "";
}

const Frame* line_of(const HeldStack& held, const CallTree& tree) {
  const NodeId line = own_line(tree, held.stack);
  return line == kRootNode ? nullptr : &tree.frame(line);
}

std::string place_text(const HeldStack& held, const CallTree& tree, const StackText& stacks) {
  const Frame* const frame = line_of(held, tree);
  if (frame == nullptr) return "(no Python stack)";
  const std::string place = stacks.place_of(*frame);
  return place.empty() ? stacks.function_of(*frame) : place + " in " + stacks.function_of(*frame);
}

Json stacks_json(const std::vector<HeldStack>& stacks, const CallTree& tree, size_t top) {
  Json list = Json::array();
  for (const HeldStack& held : stacks) {
    if (list.size() >= top) break;
    const Frame* const line = line_of(held, tree);
    list.push_back({
        {"bytes", held.live.bytes},
        {"blocks", held.live.blocks},
        {"grown_bytes", held.grown_bytes()},
        {"grown_blocks", held.grown_blocks()},
        {"line", line == nullptr ? Json(nullptr) : frame_json(*line)},
        {"stack", stack_json(tree, held.stack, kMostFrames)},
    });
  }
  return list;
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

void add_paths(const LastSeconds& last, const CallTree& tree, PathNames& names) {
  for (const auto* stacks : {&last.held, &last.grown}) {
    for (const HeldStack& held : *stacks) add_paths(tree, held.stack, names);
  }
}

std::string last_seconds_text(const LastSeconds& last, const CallTree& tree, const StackText& stacks, size_t columns,
                              size_t top) {
  constexpr size_t kBeforePlace = 44;
  const size_t room = columns > kBeforePlace + 8 ? columns - kBeforePlace : 8;
  const std::string span = format_seconds(last.seconds());
  const std::string held = fmt::format("process {} held {} in {} when it was cut off", last.pid,
                                       format_bytes(last.all.live.bytes), plural(last.all.live.blocks, "block"));
  const bool nothing_left = last.shortened && last.end_ns == last.begin_ns;
  const std::string grown = nothing_left ? "; of what came before there are totals only"
                                         : fmt::format(", {} in its last {} ({})", signed_bytes(last.all.grown_bytes()),
                                                       span, rate_text(last, last.all.grown_bytes()));
  std::string out = wrapped(held + grown, columns);
  if (last.resident_before_bytes != 0 && !nothing_left) {
    out += wrapped(fmt::format("RSS {} before its last {}, {} at the last look",
                               format_bytes(last.resident_before_bytes), span, format_bytes(last.resident_bytes)),
                   columns);
  }
  for (size_t i = 0; i < std::min(top, last.held.size()); ++i) {
    const HeldStack& held = last.held[i];
    out += fmt::format("  held {} {} {}   {}\n", pad_left(format_bytes(held.live.bytes), 9),
                       pad_left(format_count(held.live.blocks), 9), pad_left("", 14),
                       fit(place_text(held, tree, stacks), room));
  }
  for (size_t i = 0; i < std::min(top, last.grown.size()); ++i) {
    const HeldStack& held = last.grown[i];
    out += fmt::format("  grew {} {} {}   {}\n", pad_left(signed_bytes(held.grown_bytes()), 9),
                       pad_left(fmt::format("{:+}", held.grown_blocks()), 9),
                       pad_left(rate_text(last, held.grown_bytes()), 14), fit(place_text(held, tree, stacks), room));
  }
  return out;
}

Json last_seconds_json(const LastSeconds& last, const CallTree& tree, size_t top) {
  return {
      {"pid", last.pid},
      {"begin_ns", last.begin_ns},
      {"end_ns", last.end_ns},
      {"bytes", last.all.live.bytes},
      {"blocks", last.all.live.blocks},
      {"grown_bytes", last.all.grown_bytes()},
      {"grown_blocks", last.all.grown_blocks()},
      {"resident_before_bytes", last.resident_before_bytes},
      {"resident_bytes", last.resident_bytes},
      {"held", stacks_json(last.held, tree, top)},
      {"grown", stacks_json(last.grown, tree, top)},
  };
}

}  // namespace cistern::analyzer
