// The processes of a tree below its first: how each came to be, how it ended, and what it grew by. What a forked child
// inherited is not in its profile, so what is alive in it was allocated since its fork; a block of its parent's counts
// only once it has been resized.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/model/image_origin.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/stack_text.h"
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

// One row a child, those that grew most first. `images` and `growth` are in the same order. Empty without children.
std::string family_text(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth,
                        const CallTree& tree, const StackText& stacks, size_t columns, size_t top);
Json family_json(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth, const CallTree& tree);

}  // namespace cistern::analyzer
