// The table of `cistern summary` that shows how much each child process grew.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/results/family_growth.h"

namespace cistern::analyzer {

// One row a child, most growth first, at most `top` rows. `images` and `growth` are in the same order. Empty without
// children.
std::string family_text(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth,
                        const CallTree& tree, const StackText& stacks, size_t columns, size_t top);

}  // namespace cistern::analyzer
