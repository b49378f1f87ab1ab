#include "preload/capture/python_stack.h"

#include <algorithm>
#include <utility>

#include "preload/base/memory.h"
#include "preload/capture/frame_reader.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kMaxDepth = 1'000'000;  // of a chain of frames; a longer one is taken for a loop
constexpr uint32_t kMaxFresh = 24;         // new frames above a known one, before the whole stack is walked again

}  // namespace

// One mapping: an entry for the root's caller, and the frames.
bool PythonStack::grow(uint32_t frames) noexcept {
  if (!known_.ensure()) return false;
  uint32_t wanted = capacity_ == 0 ? 127 : capacity_;
  while (wanted < frames) wanted = 2 * wanted + 1;
  auto* const mapped = static_cast<ShadowFrame*>(map_memory(mapped_bytes(wanted)));
  if (mapped == nullptr) return false;
  if (frames_ != nullptr) std::copy_n(frames_, used_, mapped + 1);
  give_back();
  mapped->frame = kNoFrame;
  frames_ = mapped + 1;
  capacity_ = wanted;
  return true;
}

void PythonStack::give_back() noexcept {
  if (frames_ != nullptr) unmap_memory(frames_ - 1, mapped_bytes(capacity_));
}

// On 3.12 and later entry frames lie below it.
uint32_t PythonStack::root() const noexcept {
  uint32_t at = 0;
  while (at < size_ && frames_[at].code == kEntryFrame) ++at;
  return at;
}

const uint8_t* PythonStack::root_code() const noexcept {
  const uint32_t at = root();
  return at == size_ ? nullptr : frames_[at].code;
}

// Another code object may have come to lie at the address of the last root's: then it has changed.
bool PythonStack::notice_root() noexcept {
  root_at_ = root();
  const uint8_t* const last = std::exchange(root_, root_code());
  const bool unsure = std::exchange(root_unsure_, false) && root_ != nullptr;
  return root_ != last || unsure;
}

// Tries to find the innermost frames near the top of what was seen, and verifies everything below. Fresh frames are put
// above. Returns false when the chain is not the one that was seen; what was seen may then be half overwritten.
template <Positions kPositions>
bool PythonStack::match(const PythonLayout& layout, const uint8_t* innermost, ShadowFrame*& deepest) noexcept {
  const FrameReader<kPositions> read(layout);
  const uint8_t* fresh[kMaxFresh];
  uint32_t fresh_count = 0;
  const uint8_t* frame = innermost;
  const uint32_t lowest = size_ > 4 ? size_ - 4 : 0;
  uint32_t at = size_;
  for (;;) {
    for (at = size_; at > lowest && frames_[at - 1].frame != frame; --at) {
    }
    if (at > lowest) break;
    if (fresh_count == kMaxFresh) return false;
    fresh[fresh_count++] = frame;
    frame = read.caller_of(frame);
    if (frame == nullptr) return false;
  }
  if (!ensure(at + fresh_count)) return false;
  if (!verify(read, frames_, frames_ + at - 1, deepest)) return false;
  size_ = at + fresh_count;
  if (fresh_count != 0 && deepest == nullptr) deepest = frames_ + at;
  for (uint32_t i = 0; i < fresh_count; ++i) see(read, at + i, fresh[fresh_count - 1 - i]);
  return true;
}

// Remembers `frame` at this depth. What was there before tells more often than not what its code is called.
template <typename Reader>
void PythonStack::see(const Reader& read, uint32_t depth, const uint8_t* frame) noexcept {
  ShadowFrame& seen = frames_[depth];
  if (depth >= used_) {
    seen = ShadowFrame{};
    used_ = depth + 1;
  }
  seen.frame = frame;
  if (!read.is_where(seen, frame) || seen.code == nullptr) read.refresh(seen, frame);
}

// Walks the whole chain: once to count, once to compare each frame with what was seen at its depth.
template <Positions kPositions>
bool PythonStack::rewalk(const PythonLayout& layout, const uint8_t* innermost) noexcept {
  const FrameReader<kPositions> read(layout);
  uint32_t count = 0;
  for (const uint8_t* f = innermost; f != nullptr; f = read.caller_of(f)) {
    if (++count > kMaxDepth) return false;
  }
  if (!ensure(count)) return false;
  if (count > used_) {
    for (uint32_t i = used_; i < count; ++i) frames_[i] = ShadowFrame{};
    used_ = count;
  }
  uint32_t i = count;
  for (const uint8_t* f = innermost; f != nullptr && i > 0; f = read.caller_of(f)) see(read, --i, f);
  size_ = count;
  return true;
}

// What was resolved at the same place over the same caller is still right.
template <Positions kPositions>
StackId PythonStack::resolve(const Interpreter& python, Interner& interner, ShadowFrame* deepest) noexcept {
  StackId node = deepest == frames_ ? base_ : deepest[-1].node;
  unchanged_ = std::min(unchanged_, static_cast<uint32_t>(deepest - frames_));
  for (ShadowFrame* seen = deepest; seen != frames_ + size_; ++seen) {
    if (seen->parent == raw(node)) {
      node = seen->node;
      continue;
    }
    if (seen->code != kEntryFrame) {
      const uint64_t place = FrameReader<kPositions>::place_of(*seen);
      KnownFrames::Entry& known = known_.at(place, node);
      if (__builtin_expect(known.place == place && known.caller == node && place != 0, 1)) {
        seen->code_id = known.code_id;
        seen->parent = raw(node);
        seen->node = node = last_node_ = known.node;
        continue;
      }
      const StackId caller = node;
      node = look_up<kPositions>(python, interner, caller, *seen);
      const bool lasting = seen->parent == raw(caller) && interner.codes_watched();
      if (lasting) known = KnownFrames::Entry{place, caller, node, seen->code_id};
    } else {
      seen->parent = raw(node);
    }
    seen->node = node;
  }
  return node;
}

// The node of a frame called from `caller`, which it remembers unless the frame is of no code object.
template <Positions kPositions>
StackId PythonStack::look_up(const Interpreter& python, Interner& interner, StackId caller,
                             ShadowFrame& seen) noexcept {
  if (raw(seen.code_id) == 0) seen.code_id = interner.code(python, seen.code);
  if (raw(seen.code_id) == 0) {
    seen.parent = kNoParent;
    return interner.node(caller, NodeKey{NodeKind::kUnknown, 0, 0});
  }
  seen.parent = raw(caller);
  if (seen.code_id == Interner::kNoCode) return caller;
  const int64_t offset = offset_of<kPositions>(python, seen);
  last_node_ = interner.node_after(last_node_, caller, NodeKey{NodeKind::kPython, raw(seen.code_id), offset});
  return last_node_;
}

template <Positions kPositions>
StackId PythonStack::capture_chain(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  const PythonLayout& layout = *python.layout;
  if (innermost == nullptr) {
    size_ = 0;
    root_changed = notice_root();
    return base_;
  }
  ShadowFrame* deepest = nullptr;
  if (!match<kPositions>(layout, innermost, deepest)) {
    if (!rewalk<kPositions>(layout, innermost)) {
      forget();
      return interner.node(base_, NodeKey{NodeKind::kUnknown, 0, 0});
    }
    deepest = frames_;
  }
  // The outermost frame lies below all that changed.
  const bool above = root_at_ < size_ && (deepest == nullptr || deepest > frames_ + root_at_);
  if (!above || root_unsure_) root_changed = notice_root();
  return deepest == nullptr ? top() : resolve<kPositions>(python, interner, deepest);
}

// The chain is as it was down to `change`.
template <Positions kPositions>
StackId PythonStack::capture_rest(const Interpreter& python, Interner& interner, ShadowFrame* change,
                                  bool& root_changed) noexcept {
  const uint8_t* const innermost = frames_[size_ - 1].frame;
  ShadowFrame* deepest = nullptr;
  if (!verify(FrameReader<kPositions>(*python.layout), frames_, change, deepest)) {
    return capture_chain<kPositions>(python, interner, innermost, root_changed);
  }
  if (deepest == nullptr) return top();
  if (deepest <= frames_ + root_at_ || root_unsure_) root_changed = notice_root();
  return resolve<kPositions>(python, interner, deepest);
}

StackId PythonStack::capture_other(const Interpreter& python, Interner& interner, ShadowFrame* top,
                                   bool& root_changed) noexcept {
  const PythonLayout& layout = *python.layout;
  return layout.positions == Positions::kIndexes
             ? capture_top(FrameReader<Positions::kIndexes>(layout), python, interner, top, root_changed)
             : capture_top(FrameReader<Positions::kInCopies>(layout), python, interner, top, root_changed);
}

StackId PythonStack::capture_change(const Interpreter& python, Interner& interner, ShadowFrame* change,
                                    bool& root_changed) noexcept {
  const Positions positions = python.layout->positions;
  if (positions == Positions::kInCode) {
    return capture_rest<Positions::kInCode>(python, interner, change, root_changed);
  }
  return positions == Positions::kIndexes ? capture_rest<Positions::kIndexes>(python, interner, change, root_changed)
                                          : capture_rest<Positions::kInCopies>(python, interner, change, root_changed);
}

StackId PythonStack::capture_moved(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  const Positions positions = python.layout->positions;
  if (positions == Positions::kInCode) {
    return capture_chain<Positions::kInCode>(python, interner, innermost, root_changed);
  }
  return positions == Positions::kIndexes
             ? capture_chain<Positions::kIndexes>(python, interner, innermost, root_changed)
             : capture_chain<Positions::kInCopies>(python, interner, innermost, root_changed);
}

StackId PythonStack::full_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                               const std::atomic<StackId>& base) noexcept {
  PythonStack fresh;
  bool root_changed = false;
  const StackId node = fresh.capture(python, interner, innermost, base, root_changed);
  fresh.give_back();
  fresh.known_.give_back();
  return node;
}

}  // namespace cistern::preload
