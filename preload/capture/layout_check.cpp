#include "preload/capture/layout_check.h"

#include "preload/cpython/code_object.h"

namespace cistern::preload {

// A single frame tells nothing of how frames are linked: the trial goes on until there were two.
const char* LayoutCheck::compare(const Interpreter& python, const PythonStack& seen) noexcept {
  constexpr uint32_t kEnoughFrames = 2;
  const auto last_instruction = python.functions.last_instruction;
  uint32_t compared = 0;
  for (uint32_t i = 0; last_instruction != nullptr && i < seen.size(); ++i) {
    const ShadowFrame& frame = seen.frame(i);
    // Entry frames, and what is no code object.
    if (frame.code == kEntryFrame || raw(frame.code_id) == 0) continue;
    const int64_t offset = offset_of(python, frame);
    if (offset == kUnknownOffset) continue;
    if (offset != last_instruction(frame.frame)) {
      const bool told = over_.exchange(true, std::memory_order_relaxed);
      return told ? nullptr : "the interpreter says that its frames are elsewhere in their code";
    }
    ++compared;
  }
  if (last_instruction == nullptr || compared >= kEnoughFrames) over_.store(true, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace cistern::preload
