// The Python stack of the running thread, as a node of the stack tree. Each thread remembers the frames that it saw
// last; every frame is compared, down to the root (a function called again from another line has the same frame
// address), and only what lies above the deepest change is looked up again. Cost: some 2 ns a frame when nothing
// changed.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

// A frame as it was seen last, outermost first.
struct ShadowFrame {
  const uint8_t* frame;
  const uint8_t* code;
  uint64_t position;
  CodeId code_id;
  StackId node;
};
static_assert(sizeof(ShadowFrame) == 32);

class PythonStack {
 public:
  // The stack from `innermost` (the thread's innermost frame, or nullptr) on, over `base`, the node that its outermost
  // frame is called from; it is read after the interner's epoch, since it is replaced before that. `root_changed` is
  // set when the outermost frame is not the one of the last call. Requires that the frames are this thread's.
  StackId capture(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                  const std::atomic<StackId>& base, bool& root_changed) noexcept;

  // The outermost frame's code object and id; nullptr and 0 when there was no frame.
  const uint8_t* root_code() const noexcept { return size_ == 0 ? nullptr : frames_[0].code; }
  CodeId root_code_id() const noexcept { return size_ == 0 ? CodeId{} : frames_[0].code_id; }

  // Forgets what was seen. Keeps its memory.
  void reset() noexcept { size_ = 0; }

  // The same by a full walk that uses nothing remembered, for comparison.
  static StackId full_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                           const std::atomic<StackId>& base) noexcept;

 private:
  template <bool kIndexed>
  bool match(const PythonLayout& layout, const uint8_t* innermost, uint32_t& deepest) noexcept;
  template <bool kIndexed>
  bool rewalk(const PythonLayout& layout, const uint8_t* innermost, uint32_t& deepest) noexcept;
  StackId resolve(const Interpreter& python, Interner& interner, uint32_t deepest, StackId base) noexcept;
  bool ensure(uint32_t frames) noexcept;

  ShadowFrame* frames_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  uint32_t epoch_ = 0;
  StackId base_{};
};

// The innermost frame of a thread state; nullptr when it has none.
const uint8_t* innermost_frame(const PythonLayout& layout, const uint8_t* tstate) noexcept;

}  // namespace cistern::preload
