#include "preload/capture/mixed_stack.h"

#include <algorithm>

#include "preload/base/memory.h"
#include "preload/capture/entry_frames.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

// Whether native code called this frame through the evaluation function. Up to 3.10 every frame is called so. On 3.11
// the frame says it. Later an entry frame, owned by C, lies between and stands for the call.
bool is_entry(const PythonLayout& layout, const ShadowFrame& frame) noexcept {
  if (layout.owner == kNoOffset) return true;
  if (layout.is_entry != kNoOffset) return load<uint8_t>(frame.frame, layout.is_entry) != 0;
  return frame.code == kEntryFrame;
}

}  // namespace

bool MixedStack::ensure(uint32_t frames) noexcept {
  if (frames <= capacity_) return true;
  uint32_t wanted = capacity_ == 0 ? 256 : capacity_;
  while (wanted < frames) wanted *= 2;
  auto* const mapped = static_cast<Level*>(map_memory(wanted * sizeof(Level)));
  if (mapped == nullptr) return false;
  if (levels_ != nullptr) std::copy_n(levels_, used_, mapped);
  release();
  levels_ = mapped;
  capacity_ = wanted;
  return true;
}

void MixedStack::release() noexcept {
  if (levels_ != nullptr) unmap_memory(levels_, capacity_ * sizeof(Level));
}

StackId MixedStack::append_run(Interner& interner, StackId node, StackId run) noexcept {
  if (raw(run) == 0) return node;
  last_node_ = interner.node_after(last_node_, node, NodeKey{NodeKind::kNativeRun, raw(run), 0});
  return last_node_;
}

// Returns the node of the frame at `depth`, called from `before` through `run`. A level of the last stack with the same
// callers, run and plain node has the same node. The plain node also covers what awaits the running task.
StackId MixedStack::node_at(const Interpreter& python, Interner& interner, PythonStack& stack, uint32_t depth,
                            StackId before, StackId run) noexcept {
  const ShadowFrame& frame = stack.frame(depth);
  Level& level = levels_[depth];
  if (level.before == before && level.run == run && level.plain == frame.node && interner.is_current(level.node)) {
    return level.node;
  }
  StackId node = append_run(interner, before, run);
  if (depth == stack.attached_at()) node = stack.with_awaiting(interner, node);
  if (frame.code != kEntryFrame && frame.code_id != Interner::kNoCode) {
    NodeKey key{NodeKind::kUnknown, 0, 0};
    if (raw(frame.code_id) != 0) {
      key = NodeKey{NodeKind::kPython, raw(frame.code_id), offset_of(python, frame)};
    }
    node = last_node_ = interner.node_after(last_node_, node, key);
  }
  level = Level{before, run, frame.node, node, level.entries};
  return node;
}

// On 3.11 an unmoved frame may have become an entry, or none, since the last stack.
bool MixedStack::same_entries(const PythonLayout& layout, const uint8_t* tstate) noexcept {
  const uint8_t* now[kKnownRuns];
  const uint32_t count = reentry_callers(layout, tstate, now, kKnownRuns);
  const bool same = count == reentry_count_ && count <= kKnownRuns && std::equal(now, now + count, reentry_callers_);
  reentry_count_ = count;
  if (!same) std::copy_n(now, std::min(count, kKnownRuns), reentry_callers_);
  return same;
}

// Whether the runs above the entries are those of the last stack.
bool MixedStack::same_runs(const NativeRuns& runs, uint32_t entries) noexcept {
  const uint32_t count = std::min(runs.count, entries);
  if (number_ == runs.number && entries_ == entries) return true;
  const bool same =
      entries_ == entries && run_count_ == count && count <= kKnownRuns && std::equal(runs_, runs_ + count, runs.outer);
  number_ = runs.number;
  entries_ = entries;
  run_count_ = count;
  if (!same && count <= kKnownRuns) std::copy_n(runs.outer, count, runs_);
  return same;
}

// Entries and runs are matched from the innermost on, because their numbers may differ at the outer end. A greenlet's
// Python frames end where it began, while its native frames continue with whatever lies further up on that stack. An
// entry frame at the root (3.15) was called by no native frame.
StackId MixedStack::capture(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                            StackId plain, StackId base, const NativeRuns& runs) noexcept {
  const PythonLayout& layout = *python.layout;
  const uint32_t size = stack.size();
  if (!ensure(size)) return plain;
  if (used_ < size) std::fill_n(levels_ + used_, size - used_, Level{});
  used_ = std::max(used_, size);
  uint32_t first = std::min({size, valid_, stack.take_unchanged()});
  if (layout.is_entry != kNoOffset && !same_entries(layout, tstate)) first = 0;
  for (uint32_t i = first; i < size; ++i) {
    levels_[i].entries = entries_below(i) + (is_entry(layout, stack.frame(i)) ? 1 : 0);
  }
  const uint32_t entries = entries_below(size);
  unmatched_ = entries > runs.count ? entries - runs.count : runs.count - entries;
  if (!same_runs(runs, entries) || base != base_ || (first != 0 && !interner.is_current(levels_[first - 1].node)))
    first = 0;
  base_ = base;
  StackId node = first == 0 ? base : levels_[first - 1].node;
  for (uint32_t i = first; i < size; ++i) {
    const uint32_t inner = entries - levels_[i].entries;  // entries between here and the leaf
    StackId run{};
    if (levels_[i].entries != entries_below(i) && inner < runs.count) run = runs.outer[inner];
    node = node_at(python, interner, stack, i, node, run);
  }
  valid_ = size;
  return size == 0 ? capture_native(interner, plain, runs) : append_run(interner, node, runs.leaf);
}

StackId MixedStack::capture_native(Interner& interner, StackId base, const NativeRuns& runs) noexcept {
  StackId node = base;
  for (uint32_t left = runs.count; left != 0;) node = append_run(interner, node, runs.outer[--left]);
  return append_run(interner, node, runs.leaf);
}

StackId MixedStack::capture_uncached(const Interpreter& python, Interner& interner, const uint8_t* tstate,
                                     PythonStack& stack, StackId plain, StackId base, const NativeRuns& runs) noexcept {
  MixedStack uncached;
  const StackId node = uncached.capture(python, interner, tstate, stack, plain, base, runs);
  uncached.release();
  return node;
}

}  // namespace cistern::preload
