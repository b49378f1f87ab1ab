// What the reports' JSON has in common. Raw numbers only: bytes, nanoseconds, counts. Texts that are no UTF-8 have
// their broken bytes replaced.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

using Json = nlohmann::ordered_json;

Json image_json(const ImageFacts& facts);
Json images_json(const std::vector<ImageFacts>& images);
bool all_complete(const std::vector<ImageFacts>& images);

// {"function","file","line","module","native"}; what is unknown is null. Where a thread was started, an object with all
// of them null and "boundary":"thread".
Json frame_json(const Frame& frame);
// Innermost first, at most `depth` frames.
Json stack_json(const CallTree& tree, NodeId node, size_t depth);

// One line, and a newline.
std::string json_text(const Json& json);

}  // namespace cistern::analyzer
