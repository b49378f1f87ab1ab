#include "analyzer/render/text/family_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

// Indices of the children, most growth first.
std::vector<size_t> children_in_order(const std::vector<ImageGrowth>& growth) {
  std::vector<size_t> order;
  for (size_t i = 0; i < growth.size(); ++i) {
    if (growth[i].origin != ImageOrigin::kFirst) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return growth[a].grown.bytes > growth[b].grown.bytes; });
  return order;
}

std::string descent(const ImageFacts& facts, ImageOrigin origin) {
  const uint32_t parent = facts.parent_pid.value_or(0);
  return fmt::format("{} of {}", origin == ImageOrigin::kStarted ? "child" : name_of(origin), parent);
}

std::string end_of(const ImageFacts& facts) {
  if (facts.ended_by == "unknown") return facts.liveness == Liveness::kRuns ? "running" : "killed?";
  return facts.exit_code ? fmt::format("{} {}", facts.ended_by, *facts.exit_code) : facts.ended_by;
}

std::string place_of_growth(const ImageGrowth& growth, const CallTree& tree, const StackText& stacks) {
  if (!growth.line) return growth.grown.blocks == 0 ? "" : "(no Python stack)";
  const Frame& frame = tree.frame(*growth.line);
  const std::string place = stacks.place_of(frame);
  return place.empty() ? stacks.function_of(frame) : place;
}

}  // namespace

std::string family_text(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth,
                        const CallTree& tree, const StackText& stacks, size_t columns, size_t top) {
  constexpr size_t kBeforePlace = 55;
  const std::vector<size_t> order = children_in_order(growth);
  std::string out;
  for (size_t i = 0; i < std::min(top, order.size()); ++i) {
    const ImageFacts& facts = images[order[i]];
    const ImageGrowth& one = growth[order[i]];
    out += fmt::format(
        "  {} {} {} {}   {} {}\n", pad_right(std::to_string(facts.pid), 8), pad_right(descent(facts, one.origin), 14),
        pad_left(format_bytes(one.grown.bytes), 8), pad_left(format_count(one.grown.blocks), 8),
        pad_right(end_of(facts), 8),
        fit(place_of_growth(one, tree, stacks), stacks.most(columns > kBeforePlace + 8 ? columns - kBeforePlace : 8)));
  }
  if (order.size() > top) out += fmt::format("  … {} more\n", order.size() - top);
  return out;
}

}  // namespace cistern::analyzer
