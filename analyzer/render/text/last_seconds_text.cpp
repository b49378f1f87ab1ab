#include "analyzer/render/text/last_seconds_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

std::string signed_bytes(int64_t bytes) {
  return bytes < 0 ? "−" + format_bytes(static_cast<uint64_t>(-bytes))
                   : "+" + format_bytes(static_cast<uint64_t>(bytes));
}

std::string rate_text(const LastSeconds& last, int64_t bytes) {
  return last.end_ns > last.begin_ns ? format_rate(static_cast<double>(bytes) / last.seconds()) : "";
}

std::string place_text(const HeldStack& held, const CallTree& tree, const StackText& stacks) {
  const Frame* const frame = own_frame(held, tree);
  if (frame == nullptr) return "(no Python stack)";
  const std::string place = stacks.place_of(*frame);
  return place.empty() ? stacks.function_of(*frame) : place + " in " + stacks.function_of(*frame);
}

std::string answer(const LastSeconds& last) {
  const std::string held = fmt::format("process {} held {} in {} at its last event", last.pid,
                                       format_bytes(last.all.live.bytes), plural(last.all.live.blocks, "block"));
  if (last.growth_unknown()) return held + "; earlier events are kept only as a snapshot";
  return held + fmt::format(", {} in its last {} ({})", signed_bytes(last.all.grown_bytes()),
                            format_seconds(last.seconds()), rate_text(last, last.all.grown_bytes()));
}

}  // namespace

void add_paths(const LastSeconds& last, const CallTree& tree, PathNames& names) {
  for (const auto* stacks : {&last.held, &last.grown}) {
    for (const HeldStack& held : *stacks) add_paths(tree, held.stack, names);
  }
}

std::string last_seconds_text(const LastSeconds& last, const CallTree& tree, const StackText& stacks, size_t columns,
                              size_t top) {
  constexpr size_t kBeforePlace = 44;
  const size_t width = columns > kBeforePlace + 8 ? columns - kBeforePlace : 8;
  std::string out = wrapped(answer(last), columns);
  if (last.resident_before_bytes != 0 && !last.growth_unknown()) {
    out +=
        wrapped(fmt::format("RSS {} before its last {}, {} when last sampled", format_bytes(last.resident_before_bytes),
                            format_seconds(last.seconds()), format_bytes(last.resident_bytes)),
                columns);
  }
  for (size_t i = 0; i < std::min(top, last.held.size()); ++i) {
    const HeldStack& held = last.held[i];
    out += fmt::format("  held {} {} {}   {}\n", pad_left(format_bytes(held.live.bytes), 9),
                       pad_left(format_count(held.live.blocks), 9), pad_left("", 14),
                       fit(place_text(held, tree, stacks), stacks.most(width)));
  }
  for (size_t i = 0; i < std::min(top, last.grown.size()); ++i) {
    const HeldStack& held = last.grown[i];
    out += fmt::format("  grew {} {} {}   {}\n", pad_left(signed_bytes(held.grown_bytes()), 9),
                       pad_left(fmt::format("{:+}", held.grown_blocks()), 9),
                       pad_left(rate_text(last, held.grown_bytes()), 14),
                       fit(place_text(held, tree, stacks), stacks.most(width)));
  }
  return out;
}

}  // namespace cistern::analyzer
