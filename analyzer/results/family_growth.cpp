#include "analyzer/results/family_growth.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/leaks/leak_order.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

void add_to(Amount& sum, const Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

// Indices of the children, those that grew most first.
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
  if (facts.ended_by == "unknown") return "killed?";
  return facts.exit_code ? fmt::format("{} {}", facts.ended_by, *facts.exit_code) : facts.ended_by;
}

std::string place_of_growth(const ImageGrowth& growth, const CallTree& tree, const StackText& stacks) {
  if (!growth.line) return growth.grown.blocks == 0 ? "" : "(no Python stack)";
  const Frame& frame = tree.frame(*growth.line);
  const std::string place = stacks.place_of(frame);
  return place.empty() ? stacks.function_of(frame) : place;
}

}  // namespace

void LineGrowth::add(NodeId stack, const Amount& amount) {
  if (amount.blocks == 0) return;
  add_to(all_, amount);
  const NodeId line = own_line(tree_, stack);
  if (line == kRootNode) return;
  const FrameId frame = tree_.frame_id(line);
  const auto [at, added] = index_.insert({raw(frame), lines_.size()});
  if (added) {
    lines_.push_back(frame);
    amounts_.emplace_back();
  }
  add_to(amounts_[at->second], amount);
}

ImageGrowth LineGrowth::result(const Image& image) const {
  ImageGrowth growth;
  growth.origin = origin_of(image);
  growth.grown = all_;
  const auto most = std::max_element(amounts_.begin(), amounts_.end(),
                                     [](const Amount& a, const Amount& b) { return a.bytes < b.bytes; });
  if (most == amounts_.end()) return growth;
  growth.line = lines_[static_cast<size_t>(most - amounts_.begin())];
  growth.at_line = *most;
  return growth;
}

std::string family_text(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth,
                        const CallTree& tree, const StackText& stacks, size_t columns, size_t top) {
  constexpr size_t kBeforePlace = 55;
  const std::vector<size_t> order = children_in_order(growth);
  std::string out;
  for (size_t i = 0; i < std::min(top, order.size()); ++i) {
    const ImageFacts& facts = images[order[i]];
    const ImageGrowth& one = growth[order[i]];
    const std::string place = place_of_growth(one, tree, stacks);
    out += fmt::format("  {} {} {} {}   {} {}\n", pad_right(std::to_string(facts.pid), 8),
                       pad_right(descent(facts, one.origin), 14), pad_left(format_bytes(one.grown.bytes), 8),
                       pad_left(format_count(one.grown.blocks), 8), pad_right(end_of(facts), 8),
                       fit(place, columns > kBeforePlace + 8 ? columns - kBeforePlace : 8));
  }
  if (order.size() > top) out += fmt::format("  … {} more\n", order.size() - top);
  return out;
}

Json family_json(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth, const CallTree& tree) {
  Json list = Json::array();
  for (size_t i = 0; i < growth.size(); ++i) {
    const ImageFacts& facts = images[i];
    const ImageGrowth& one = growth[i];
    list.push_back({
        {"pid", facts.pid},
        {"parent_pid", facts.parent_pid ? Json(*facts.parent_pid) : Json(nullptr)},
        {"origin", name_of(one.origin)},
        {"program", program_name(facts.arguments)},
        {"ended_by", facts.ended_by},
        {"exit_code", facts.exit_code ? Json(*facts.exit_code) : Json(nullptr)},
        {"grown_bytes", one.grown.bytes},
        {"grown_blocks", one.grown.blocks},
        {"line", one.line ? frame_json(tree.frame(*one.line)) : Json(nullptr)},
        {"line_bytes", one.at_line.bytes},
        {"line_blocks", one.at_line.blocks},
    });
  }
  return list;
}

}  // namespace cistern::analyzer
