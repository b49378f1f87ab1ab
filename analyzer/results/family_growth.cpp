#include "analyzer/results/family_growth.h"

#include <algorithm>

#include "analyzer/leaks/leak_order.h"

namespace cistern::analyzer {

void LineGrowth::add(NodeId stack, const Amount& amount) {
  if (amount.blocks == 0) return;
  all_ += amount;
  const NodeId line = own_line(tree_, stack);
  if (line == kRootNode) return;
  const FrameId frame = tree_.frame_id(line);
  const auto [at, added] = index_.insert({raw(frame), lines_.size()});
  if (added) {
    lines_.push_back(frame);
    amounts_.emplace_back();
  }
  amounts_[at->second] += amount;
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

}  // namespace cistern::analyzer
