#include "analyzer/render/json/family_json.h"

namespace cistern::analyzer {

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
