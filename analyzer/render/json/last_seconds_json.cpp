#include "analyzer/render/json/last_seconds_json.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMostFrames = 64;  // of a stack: a runaway recursion has a hundred thousand

Json stacks_json(const std::vector<HeldStack>& stacks, const CallTree& tree, size_t top) {
  Json list = Json::array();
  for (const HeldStack& held : stacks) {
    if (list.size() >= top) break;
    const Frame* const line = own_frame(held, tree);
    list.push_back({
        {"bytes", held.live.bytes},
        {"blocks", held.live.blocks},
        {"grown_bytes", held.grown_bytes()},
        {"grown_blocks", held.grown_blocks()},
        {"line", line == nullptr ? Json(nullptr) : frame_json(*line)},
        {"stack", stack_json(tree, held.stack, kMostFrames)},
    });
  }
  return list;
}

}  // namespace

Json last_seconds_json(const LastSeconds& last, const CallTree& tree, size_t top) {
  return {
      {"pid", last.pid},
      {"begin_ns", last.begin_ns},
      {"end_ns", last.end_ns},
      {"bytes", last.all.live.bytes},
      {"blocks", last.all.live.blocks},
      {"grown_bytes", last.all.grown_bytes()},
      {"grown_blocks", last.all.grown_blocks()},
      {"resident_before_bytes", last.resident_before_bytes},
      {"resident_bytes", last.resident_bytes},
      {"held", stacks_json(last.held, tree, top)},
      {"grown", stacks_json(last.grown, tree, top)},
  };
}

}  // namespace cistern::analyzer
