#include "preload/capture/mixed_stack.h"

#include <algorithm>

#include "preload/base/memory.h"
#include "preload/capture/entry_frames.h"
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

bool MixedStack::ensure(uint32_t frames) noexcept {
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

void MixedStack::give_back() noexcept {
  if (seen_ != nullptr) unmap_memory(seen_, capacity_ * sizeof(Seen));
}

StackId MixedStack::over(Interner& interner, StackId node, StackId run) noexcept {
  if (raw(run) == 0) return node;
  last_node_ = interner.node_after(last_node_, node, NodeKey{NodeKind::kNativeRun, raw(run), 0});
  return last_node_;
}

// What was found at the same depth over the same callers is still right: the plain node says what awaits the task, too.
StackId MixedStack::weave(const Interpreter& python, Interner& interner, PythonStack& stack, uint32_t depth,
                          StackId before, StackId run) noexcept {
  const ShadowFrame& frame = stack.frame(depth);
  Seen& seen = seen_[depth];
  if (seen.before == before && seen.run == run && seen.plain == frame.node && interner.is_current(seen.node)) {
    return seen.node;
  }
  StackId node = over(interner, before, run);
  if (depth == stack.joint()) node = stack.with_awaiting(interner, node);
  if (frame.code != kEntryFrame && frame.code_id != Interner::kNoCode) {
    NodeKey key{NodeKind::kUnknown, 0, 0};
    if (raw(frame.code_id) != 0) {
      key = NodeKey{NodeKind::kPython, raw(frame.code_id), offset_of(python, frame)};
    }
    node = last_node_ = interner.node_after(last_node_, node, key);
  }
  seen = Seen{before, run, frame.node, node, seen.entries};
  return node;
}

// On 3.11 a frame that is where it was may have been called in the other way since.
bool MixedStack::same_entries(const PythonLayout& layout, const uint8_t* tstate) noexcept {
  const uint8_t* now[kKnownRuns];
  const uint32_t count = left_by(layout, tstate, now, kKnownRuns);
  const bool same = count == left_count_ && count <= kKnownRuns && std::equal(now, now + count, left_by_);
  left_count_ = count;
  if (!same) std::copy_n(now, std::min(count, kKnownRuns), left_by_);
  return same;
}

// Whether the runs of the entries are those of the last call.
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

// Entries and runs are counted from the innermost one. Further out the numbers may differ: a greenlet's Python frames
// end where it began, and its native ones go on with what that stack was called by, or what has come to lie there
// since; a frame of C's own at the root (3.15) was entered by nobody.
StackId MixedStack::capture(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                            StackId plain, StackId base, const NativeRuns& runs) noexcept {
  const PythonLayout& layout = *python.layout;
  const uint32_t size = stack.size();
  if (!ensure(size)) return plain;
  if (used_ < size) std::fill_n(seen_ + used_, size - used_, Seen{});
  used_ = std::max(used_, size);
  uint32_t first = std::min({size, valid_, stack.take_unchanged()});
  if (layout.is_entry != kNoOffset && !same_entries(layout, tstate)) first = 0;
  for (uint32_t i = first; i < size; ++i) {
    seen_[i].entries = entries_below(i) + (is_entry(layout, stack.frame(i)) ? 1 : 0);
  }
  const uint32_t entries = entries_below(size);
  unmatched_ = entries > runs.count ? entries - runs.count : runs.count - entries;
  if (!same_runs(runs, entries) || base != base_ || (first != 0 && !interner.is_current(seen_[first - 1].node)))
    first = 0;
  base_ = base;
  StackId node = first == 0 ? base : seen_[first - 1].node;
  for (uint32_t i = first; i < size; ++i) {
    const uint32_t inner = entries - seen_[i].entries;  // entries further in
    StackId run{};
    if (seen_[i].entries != entries_below(i) && inner < runs.count) run = runs.outer[inner];
    node = weave(python, interner, stack, i, node, run);
  }
  valid_ = size;
  return size == 0 ? capture_native(interner, plain, runs) : over(interner, node, runs.leaf);
}

StackId MixedStack::capture_native(Interner& interner, StackId base, const NativeRuns& runs) noexcept {
  StackId node = base;
  for (uint32_t left = runs.count; left != 0;) node = over(interner, node, runs.outer[--left]);
  return over(interner, node, runs.leaf);
}

StackId MixedStack::full_weave(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                               StackId plain, StackId base, const NativeRuns& runs) noexcept {
  MixedStack fresh;
  const StackId node = fresh.capture(python, interner, tstate, stack, plain, base, runs);
  fresh.give_back();
  return node;
}

}  // namespace cistern::preload
