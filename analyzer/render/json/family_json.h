// The member "family" of `cistern summary --json`.
#pragma once

#include <vector>

#include "analyzer/render/json/report_json.h"
#include "analyzer/results/family_growth.h"

namespace cistern::analyzer {

// `images` and `growth` are in the same order.
Json family_json(const std::vector<ImageFacts>& images, const std::vector<ImageGrowth>& growth, const CallTree& tree);

}  // namespace cistern::analyzer
