// How much each process of a tree grew, and the line that holds most of it. Blocks that a forked child inherited are
// not in its profile: what is alive in it was allocated after the fork. A block of its parent counts once it is
// resized.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/model/image_origin.h"
#include "analyzer/model/sites.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// Of one image, at its end state.
struct ImageGrowth {
  ImageOrigin origin = ImageOrigin::kFirst;
  Amount grown;
  std::optional<FrameId> line;  // of the program's own, that holds most of it
  Amount at_line;
};

// Sums what is alive in one image by line. `tree` outlives it.
class LineGrowth {
 public:
  explicit LineGrowth(const CallTree& tree) : tree_(tree) {}

  void add(NodeId stack, const Amount& amount);
  ImageGrowth result(const Image& image) const;

 private:
  const CallTree& tree_;
  Amount all_;
  std::vector<Amount> amounts_;  // in order of appearance
  std::vector<FrameId> lines_;
  tsl::robin_map<uint32_t, size_t, MixedHash> index_;
};

}  // namespace cistern::analyzer
