#include "preload/capture/layout_check.h"

#include "preload/cpython/code_object.h"

namespace cistern::preload {

// One frame alone does not show that the links between frames are read right: the check ends with a stack of two.
const char* LayoutCheck::compare(const Interpreter& python, const PythonStack& seen) noexcept {
  constexpr uint32_t kEnoughFrames = 2;
  const auto last_instruction = python.functions.last_instruction;
  uint32_t compared = 0;
  for (uint32_t i = 0; last_instruction != nullptr && i < seen.size(); ++i) {
    const ShadowFrame& frame = seen.frame(i);
    // Entry frames, and frames without a code object.
    if (frame.code == kEntryFrame || raw(frame.code_id) == 0) continue;
    const int64_t offset = offset_of(python, frame);
    if (offset == kUnknownOffset) continue;
    if (offset != last_instruction(frame.frame)) {
      const bool reported = done_.exchange(true, std::memory_order_relaxed);
      return reported ? nullptr : "the interpreter says that its frames are elsewhere in their code";
    }
    ++compared;
  }
  if (last_instruction == nullptr || compared >= kEnoughFrames) done_.store(true, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace cistern::preload
