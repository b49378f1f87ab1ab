// Reading the chain of Python frames, and comparing it with what was seen of it before: the loop that every event runs,
// in a header, so that it is inlined.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/arch/arch.h"
#include "preload/cpython/bytecode_copies.h"
#include "preload/cpython/code_object.h"
#include "preload/cpython/layout.h"

namespace cistern::preload {

constexpr uint32_t kNoParent = UINT32_MAX;

// Stands for the code of an entry frame, which belongs to C and has none (3.12 and later). Such frames lie on the chain
// and are compared like others, so that a walk need not stop at them; no node stands for them.
inline const uint8_t* const kEntryFrame = reinterpret_cast<const uint8_t*>(1);

// A frame as it was seen last, outermost first.
struct ShadowFrame {
  const uint8_t* frame = nullptr;
  uint64_t position = 0;
  const uint8_t* code = nullptr;
  CodeId code_id{};
  StackId node{};
  // The node that `node` is called from, with the code and position above; kNoParent: not resolved, the code may be
  // that of what was seen here before.
  uint32_t parent = kNoParent;
};
static_assert(sizeof(ShadowFrame) == 40);

// The innermost frame of a thread state; nullptr when it has none.
inline const uint8_t* innermost_frame(const PythonLayout& layout, const uint8_t* tstate) noexcept {
  const uint8_t* const at = load_pointer(tstate, layout.tstate_frame);
  if (layout.cframe_frame == kNoOffset || at == nullptr) return at;
  return load_pointer(at, layout.cframe_frame);
}

// The offsets that a walk needs, by value: a store into what was seen cannot change them, so they stay in registers.
template <Positions kPositions>
struct FrameReader {
  explicit FrameReader(const PythonLayout& layout) noexcept
      : previous(layout.previous), code(layout.code), position(layout.position), owner(layout.owner) {}

  bool is_entry(const uint8_t* frame) const noexcept {
    return kPositions != Positions::kIndexes && load<uint8_t>(frame, owner) >= kOwnedByC;
  }
  // nullptr when it has none; what is not, may still be something else than a code object.
  const uint8_t* code_of(const uint8_t* frame) const noexcept {
    if constexpr (kPositions == Positions::kIndexes) {
      return load_pointer(frame, code);
    } else {
      return is_entry(frame) ? kEntryFrame : untagged(load<uint64_t>(frame, code));
    }
  }
  uint64_t position_of(const uint8_t* frame) const noexcept {
    if constexpr (kPositions == Positions::kIndexes) return static_cast<uint32_t>(load<int32_t>(frame, position));
    return load<uint64_t>(frame, position);
  }
  const uint8_t* caller_of(const uint8_t* frame) const noexcept { return load_pointer(frame, previous); }

  // Whether the frame is where it was seen. A position that is a pointer into its code object, which is alive, tells
  // the code too (when a code object is freed, everything that was seen is void). Copies of instructions are freed
  // before their code object.
  bool is_where(const ShadowFrame& seen, const uint8_t* frame) const noexcept {
    if constexpr (kPositions != Positions::kInCode) {
      if (__builtin_expect(code_of(frame) != seen.code, 0)) return false;
    }
    return position_of(frame) == seen.position;
  }
  // One number for the code and the position of a frame; 0: there is none. A pointer into the code says both, one into
  // a copy nothing that lasts. A code object lies at a multiple of 16 in the lower half of the addresses, which leaves
  // bits for an index (-1 before the first instruction).
  static uint64_t place_of(const ShadowFrame& seen) noexcept {
    if constexpr (kPositions == Positions::kInCode) return seen.position;
    if constexpr (kPositions == Positions::kInCopies) return 0;
    constexpr unsigned kIndexBits = 20;
    const uint32_t index = static_cast<uint32_t>(seen.position) + 1;
    const auto code = reinterpret_cast<uint64_t>(seen.code);
    return index >> kIndexBits == 0 && code % 16 == 0 ? code << (kIndexBits - 4) | index : 0;
  }
  // Notes that the frame is somewhere else. Its code is read when it is resolved, if that is asked for then.
  void refresh(ShadowFrame& seen, const uint8_t* frame) const noexcept {
    if constexpr (kPositions != Positions::kInCode) read_code(seen, frame);
    seen.position = position_of(frame);
    seen.parent = kNoParent;
  }
  void read_code(ShadowFrame& seen, const uint8_t* frame) const noexcept {
    const uint8_t* const now_code = code_of(frame);
    if (now_code != seen.code) seen.code_id = CodeId{};
    seen.code = now_code;
  }

  uint16_t previous;
  uint16_t code;
  uint16_t position;
  uint16_t owner;

  // _PyStackRef (Include/internal/pycore_stackref.h, 3.14): 1 alone is no object, 3 in the low bits an int, 1 in them a
  // borrowed or immortal object. Pointers of earlier versions have 0 there.
  static const uint8_t* untagged(uint64_t reference) noexcept {
    constexpr uint64_t kTag = 3;
    if ((reference & kTag) == kTag) return nullptr;
    return reinterpret_cast<const uint8_t*>(reference & ~kTag);
  }
};

// The byte offset in its code of a frame that is where it was seen; kUnknownOffset when it cannot be found.
template <Positions kPositions>
inline int64_t offset_of(const Interpreter& python, const ShadowFrame& seen) noexcept {
  if constexpr (kPositions == Positions::kInCopies) {
    return offset_in_copy(python, seen.frame, seen.code, seen.position);
  } else {
    return offset_of(*python.layout, seen.code, seen.position);
  }
}
inline int64_t offset_of(const Interpreter& python, const ShadowFrame& seen) noexcept {
  return python.layout->positions == Positions::kInCopies ? offset_of<Positions::kInCopies>(python, seen)
                                                          : offset_of(*python.layout, seen.code, seen.position);
}

// Stands for the frame below the outermost one: no frame is called from there.
inline const uint8_t* const kNoFrame = reinterpret_cast<const uint8_t*>(1);

// From `seen`, whose frame is on the chain, towards the root: the first entry that moved on, or whose caller is not the
// one that was seen. It is the outermost at the latest, which was not called from kNoFrame.
//
// Each frame is read where it is expected, after its caller's link was compared with that: so the processor reads many
// at once and need not wait for the chain, load by load. Two frames a turn take 13 instructions.
template <Positions kPositions>
inline ShadowFrame* first_change(const FrameReader<kPositions>& read, ShadowFrame* seen) noexcept {
  const uint8_t* frame = seen->frame;
  for (;; seen -= 2) {
    if (__builtin_expect(!read.is_where(*seen, frame), 0)) return seen;
    const uint8_t* const caller = seen[-1].frame;
    if (__builtin_expect(differs(frame + read.previous, caller), 0)) return seen;
    if (__builtin_expect(!read.is_where(seen[-1], caller), 0)) return seen - 1;
    frame = seen[-2].frame;
    if (__builtin_expect(differs(caller + read.previous, frame), 0)) return seen - 1;
  }
}

// Whether the outermost frame is where it was seen, and still outermost.
template <Positions kPositions>
inline bool is_root(const FrameReader<kPositions>& read, const ShadowFrame& seen) noexcept {
  return read.is_where(seen, seen.frame) && read.caller_of(seen.frame) == nullptr;
}

// Verifies the chain from `seen`, whose frame is on it, down to the root. Frames that moved on are refreshed; `deepest`
// becomes the deepest of them. Returns false when the chain is another one.
template <Positions kPositions>
inline bool verify(const FrameReader<kPositions>& read, ShadowFrame* const bottom, ShadowFrame* seen,
                   ShadowFrame*& deepest) noexcept {
  for (;;) {
    const uint8_t* const frame = seen->frame;
    if (!read.is_where(*seen, frame)) {
      read.refresh(*seen, frame);
      deepest = seen;
    }
    const uint8_t* const caller = read.caller_of(frame);
    if (seen == bottom) return caller == nullptr;
    if (caller != seen[-1].frame) return false;
    seen = first_change(read, seen - 1);
  }
}

}  // namespace cistern::preload
