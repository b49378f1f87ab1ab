// Warnings about profiles, as lines without a newline. Empty when there is nothing to warn about.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// How much of each image could not be read.
std::vector<std::string> damage_warnings(const std::vector<ImageFacts>& images);
// Why the figures of an output that has no place for it cannot be trusted.
std::vector<std::string> incompleteness_warnings(const std::vector<ImageFacts>& images);
// Which modules' functions have no names because the files have changed since they were recorded.
std::vector<std::string> module_warnings(const CallTree& tree);

}  // namespace cistern::analyzer
