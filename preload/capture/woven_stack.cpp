#include "preload/capture/woven_stack.h"

#include <algorithm>

#include "preload/base/memory.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

// Whether native code called this frame, by a call of the evaluation function: up to 3.10 every frame was called so;
// 3.11 says it in the frame; later a frame of C's own lies in between, and stands for the call.
bool is_entry(const PythonLayout& layout, const ShadowFrame& frame) noexcept {
  if (layout.owner == kNoOffset) return true;
  if (layout.is_entry != kNoOffset) return load<uint8_t>(frame.frame, layout.is_entry) != 0;
  return frame.code == kEntryFrame;
}

}  // namespace

bool WovenStack::ensure(uint32_t frames) noexcept {
  if (frames <= capacity_) return true;
  uint32_t wanted = capacity_ == 0 ? 256 : capacity_;
  while (wanted < frames) wanted *= 2;
  auto* const mapped = static_cast<Seen*>(map_memory(wanted * sizeof(Seen)));
  if (mapped == nullptr) return false;
  if (seen_ != nullptr) std::copy_n(seen_, used_, mapped);
  give_back();
  seen_ = mapped;
  capacity_ = wanted;
  return true;
}

void WovenStack::give_back() noexcept {
  if (seen_ != nullptr) unmap_memory(seen_, capacity_ * sizeof(Seen));
}

StackId WovenStack::over(Interner& interner, StackId node, StackId run) noexcept {
  if (raw(run) == 0) return node;
  last_node_ = interner.node_after(last_node_, node, NodeKey{NodeKind::kNativeRun, raw(run), 0});
  return last_node_;
}

// What was found at the same depth over the same callers is still right.
StackId WovenStack::weave(const Interpreter& python, Interner& interner, const ShadowFrame& frame, Seen& seen,
                          StackId before, StackId run) noexcept {
  if (seen.before == before && seen.run == run && seen.plain == frame.node && interner.is_current(seen.node)) {
    return seen.node;
  }
  StackId node = over(interner, before, run);
  if (frame.code != kEntryFrame && frame.code_id != Interner::kNoCode) {
    NodeKey key{NodeKind::kUnknown, 0, 0};
    if (raw(frame.code_id) != 0) {
      key = NodeKey{NodeKind::kPython, raw(frame.code_id), offset_of(*python.layout, frame.code, frame.position)};
    }
    node = last_node_ = interner.node_after(last_node_, node, key);
  }
  seen = Seen{before, run, frame.node, node};
  return node;
}

// Counted from the innermost one. Further out the numbers may differ: a greenlet's Python frames end where it began,
// and its native ones go on with what that stack was called by, or what has come to lie there since; a frame of C's own
// at the root (3.15) was entered by nobody.
StackId WovenStack::capture(const Interpreter& python, Interner& interner, const PythonStack& stack, StackId plain,
                            StackId base, const NativeRuns& runs) noexcept {
  const uint32_t size = stack.size();
  if (!ensure(size)) return plain;
  if (used_ < size) std::fill_n(seen_ + used_, size - used_, Seen{});
  used_ = std::max(used_, size);
  uint32_t entries = 0;
  for (uint32_t i = 0; i < size; ++i) entries += is_entry(*python.layout, stack.frame(i)) ? 1 : 0;
  unmatched_ = entries > runs.count ? entries - runs.count : runs.count - entries;
  StackId node = size == 0 ? plain : base;
  for (uint32_t i = 0; i < size; ++i) {
    const ShadowFrame& frame = stack.frame(i);
    StackId run{};
    if (is_entry(*python.layout, frame) && --entries < runs.count) run = runs.outer[entries];
    node = weave(python, interner, frame, seen_[i], node, run);
  }
  if (size == 0) {
    for (uint32_t left = runs.count; left != 0;) node = over(interner, node, runs.outer[--left]);
  }
  return over(interner, node, runs.leaf);
}

StackId WovenStack::full_weave(const Interpreter& python, Interner& interner, const PythonStack& stack, StackId plain,
                               StackId base, const NativeRuns& runs) noexcept {
  WovenStack fresh;
  const StackId node = fresh.capture(python, interner, stack, plain, base, runs);
  fresh.give_back();
  return node;
}

}  // namespace cistern::preload
