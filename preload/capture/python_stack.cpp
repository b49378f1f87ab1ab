#include "preload/capture/python_stack.h"

#include <cstring>

#include "preload/base/memory.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kUnchanged = UINT32_MAX;
constexpr uint32_t kMaxDepth = 1'000'000;  // of a chain of frames; a longer one is taken for a loop
constexpr uint32_t kMaxFresh = 24;         // new frames above a known one, before the whole stack is walked again

// The offsets that a walk needs, by value: a store into what was seen cannot change them, so they stay in registers.
template <bool kIndexed>
struct FrameReader {
  explicit FrameReader(const PythonLayout& layout) noexcept
      : previous(layout.previous), code(layout.code), position(layout.position), owner(layout.owner) {}

  const uint8_t* code_of(const uint8_t* frame) const noexcept { return load_pointer(frame, code); }
  uint64_t position_of(const uint8_t* frame) const noexcept {
    if constexpr (kIndexed) return static_cast<uint32_t>(load<int32_t>(frame, position));
    return load<uint64_t>(frame, position);
  }
  // From `frame` towards the root, past entry frames that belong to C.
  const uint8_t* python_frame(const uint8_t* frame) const noexcept {
    if constexpr (!kIndexed) {
      while (frame != nullptr && __builtin_expect(load<uint8_t>(frame, owner) >= kOwnedByC, 0)) {
        frame = load_pointer(frame, previous);
      }
    }
    return frame;
  }
  const uint8_t* caller_of(const uint8_t* frame) const noexcept { return python_frame(load_pointer(frame, previous)); }

  // Compares a frame with what was seen in its place and stores what it is now. Returns whether it was the same.
  bool refresh(ShadowFrame& seen, const uint8_t* frame) const noexcept {
    const uint8_t* const now_code = code_of(frame);
    const uint64_t now_position = position_of(frame);
    if (__builtin_expect(now_code == seen.code && now_position == seen.position, 1)) return true;
    if (now_code != seen.code) seen.code_id = CodeId{};
    seen.code = now_code;
    seen.position = now_position;
    return false;
  }

  uint16_t previous;
  uint16_t code;
  uint16_t position;
  uint16_t owner;
};

}  // namespace

const uint8_t* innermost_frame(const PythonLayout& layout, const uint8_t* tstate) noexcept {
  const uint8_t* const at = load_pointer(tstate, layout.tstate_frame);
  if (layout.cframe_frame == kNoOffset || at == nullptr) return at;
  return load_pointer(at, layout.cframe_frame);
}

bool PythonStack::ensure(uint32_t frames) noexcept {
  if (frames <= capacity_) return true;
  uint32_t wanted = capacity_ == 0 ? 128 : capacity_;
  while (wanted < frames) wanted *= 2;
  auto* const made = static_cast<ShadowFrame*>(map_memory(wanted * sizeof(ShadowFrame)));
  if (made == nullptr) return false;
  if (frames_ != nullptr) {
    std::memcpy(made, frames_, size_ * sizeof(ShadowFrame));
    unmap_memory(frames_, capacity_ * sizeof(ShadowFrame));
  }
  frames_ = made;
  capacity_ = wanted;
  return true;
}

// Tries to find the innermost frames near the top of what was seen, and verifies everything below. Fresh frames are put
// above. Returns false when the chain is not the one that was seen; what was seen may then be half overwritten.
template <bool kIndexed>
bool PythonStack::match(const PythonLayout& layout, const uint8_t* innermost, uint32_t& deepest) noexcept {
  const FrameReader<kIndexed> read(layout);
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
  ShadowFrame* const bottom = frames_;
  for (ShadowFrame* seen = bottom + at; seen-- != bottom;) {
    // Also when the chain is shorter than what was seen.
    if (__builtin_expect(seen->frame != frame, 0)) return false;
    if (!read.refresh(*seen, frame)) deepest = static_cast<uint32_t>(seen - bottom);
    frame = read.caller_of(frame);
  }
  if (frame != nullptr) return false;
  size_ = at + fresh_count;
  if (fresh_count != 0 && deepest > at) deepest = at;
  for (uint32_t i = 0; i < fresh_count; ++i) {
    const uint8_t* const above = fresh[fresh_count - 1 - i];
    frames_[at + i] = ShadowFrame{above, read.code_of(above), read.position_of(above), CodeId{}, StackId{}};
  }
  return true;
}

// Walks the whole chain: once to count, once to compare each frame with what was seen at its depth.
template <bool kIndexed>
bool PythonStack::rewalk(const PythonLayout& layout, const uint8_t* innermost, uint32_t& deepest) noexcept {
  const FrameReader<kIndexed> read(layout);
  uint32_t count = 0;
  for (const uint8_t* f = innermost; f != nullptr; f = read.caller_of(f)) {
    if (++count > kMaxDepth) return false;
  }
  if (!ensure(count)) return false;
  uint32_t i = count;
  for (const uint8_t* f = innermost; f != nullptr && i > 0; f = read.caller_of(f)) {
    ShadowFrame& seen = frames_[--i];
    if (i >= size_) seen = ShadowFrame{};
    seen.frame = f;
    if (!read.refresh(seen, f) || raw(seen.node) == 0) deepest = i;
  }
  size_ = count;
  return true;
}

StackId PythonStack::resolve(const Interpreter& python, Interner& interner, uint32_t deepest, StackId base) noexcept {
  StackId node = deepest == 0 ? base : frames_[deepest - 1].node;
  for (uint32_t i = deepest; i < size_; ++i) {
    ShadowFrame& seen = frames_[i];
    if (raw(seen.code_id) == 0) seen.code_id = interner.code(python, seen.code);
    NodeKey key;
    if (raw(seen.code_id) != 0) {
      key = NodeKey{NodeKind::kPython, raw(seen.code_id), offset_of(*python.layout, seen.code, seen.position)};
    } else {
      key.kind = NodeKind::kUnknown;
    }
    node = seen.node = interner.node(node, key);
  }
  return node;
}

StackId PythonStack::capture(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                             const std::atomic<StackId>& base_now, bool& root_changed) noexcept {
  const PythonLayout& layout = *python.layout;
  const bool indexed = layout.position_scale != 0;
  innermost = indexed ? innermost : FrameReader<false>(layout).python_frame(innermost);
  if (innermost == nullptr) {
    root_changed = size_ != 0;
    size_ = 0;
    return base_now.load(std::memory_order_relaxed);
  }
  const uint32_t epoch = interner.epoch();
  const StackId base = base_now.load(std::memory_order_relaxed);
  if (epoch != epoch_ || base != base_) {
    epoch_ = epoch;
    base_ = base;
    size_ = 0;
  }
  const uint8_t* const old_root = root_code();
  uint32_t deepest = kUnchanged;
  if (!(indexed ? match<true>(layout, innermost, deepest) : match<false>(layout, innermost, deepest))) {
    // What match() overwrote is not resolved any more: everything from there on is looked up again.
    if (deepest != kUnchanged) size_ = 0;
    deepest = kUnchanged;
    if (!(indexed ? rewalk<true>(layout, innermost, deepest) : rewalk<false>(layout, innermost, deepest))) {
      size_ = 0;
      return interner.node(base, NodeKey{NodeKind::kUnknown, 0, 0});
    }
  }
  root_changed = old_root != root_code();
  if (deepest == kUnchanged) return frames_[size_ - 1].node;
  return resolve(python, interner, deepest, base);
}

StackId PythonStack::full_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                               const std::atomic<StackId>& base) noexcept {
  PythonStack fresh;
  bool root_changed = false;
  const StackId node = fresh.capture(python, interner, innermost, base, root_changed);
  if (fresh.frames_ != nullptr) unmap_memory(fresh.frames_, fresh.capacity_ * sizeof(ShadowFrame));
  return node;
}

}  // namespace cistern::preload
