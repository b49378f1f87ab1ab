// Reads the chain of Python frames, and compares it with the shadow stack: what was seen of the chain before. All of it
// is inline, because every event runs the loop first_change(). Reads only the calling thread's frames; no allocation.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/arch/arch.h"
#include "preload/cpython/bytecode_copies.h"
#include "preload/cpython/code_object.h"
#include "preload/cpython/layout.h"

namespace cistern::preload {

constexpr uint32_t kNoParent = UINT32_MAX;

// Stands for the code of an entry frame: a frame that C owns and that has no code (3.12 and later). Entry frames are on
// the chain and in the shadow stack like others, so that a walk need not skip them; they have no node.
inline const uint8_t* const kEntryFrame = reinterpret_cast<const uint8_t*>(1);

// An entry of the shadow stack: a frame as it was seen last. The outermost frame is entry 0.
struct ShadowFrame {
  const uint8_t* frame = nullptr;
  uint64_t position = 0;
  const uint8_t* code = nullptr;
  CodeId code_id{};
  StackId node{};
  // The caller's node for which `node` was found, with the code and position above. kNoParent: the entry is not
  // resolved, and `code` may be of the frame that was here before.
  uint32_t parent = kNoParent;
};
static_assert(sizeof(ShadowFrame) == 40);

// Returns the innermost frame of a thread state; nullptr when it has none.
inline const uint8_t* innermost_frame(const PythonLayout& layout, const uint8_t* tstate) noexcept {
  const uint8_t* const at = load_pointer(tstate, layout.tstate_frame);
  if (layout.cframe_frame == kNoOffset || at == nullptr) return at;
  return load_pointer(at, layout.cframe_frame);
}

// The offsets that a walk needs, by value: the compiler knows that stores to the shadow stack do not change them, and
// keeps them in registers.
template <Positions kPositions>
struct FrameReader {
  explicit FrameReader(const PythonLayout& layout) noexcept
      : previous(layout.previous), code(layout.code), position(layout.position), owner(layout.owner) {}

  bool is_entry(const uint8_t* frame) const noexcept {
    return kPositions != Positions::kIndexes && load<uint8_t>(frame, owner) >= kOwnedByC;
  }
  // nullptr when the frame has no code. The result may be an object that is not a code object.
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

  // Whether the frame is at the instruction where it was seen. A position that points into a living code object also
  // identifies the code (when a code object is freed, the whole shadow stack is discarded). A bytecode copy is freed
  // before its code object, so there the code is compared too.
  bool is_unmoved(const ShadowFrame& seen, const uint8_t* frame) const noexcept {
    if constexpr (kPositions != Positions::kInCode) {
      if (__builtin_expect(code_of(frame) != seen.code, 0)) return false;
    }
    return position_of(frame) == seen.position;
  }
  // The code and position of a frame as one number for the frame cache; 0: there is none.
  //     kInCode     the position itself: it points into the code object
  //     kInCopies   0: a copy may be freed while its code object lives
  //     kIndexes    bits 63..20  address of the code object >> 4 (a multiple of 16 in the lower half of the addresses)
  //                 bits 19..0   index + 1 (the index is -1 before the first instruction)
  static uint64_t position_key_of(const ShadowFrame& seen) noexcept {
    if constexpr (kPositions == Positions::kInCode) return seen.position;
    if constexpr (kPositions == Positions::kInCopies) return 0;
    constexpr unsigned kIndexBits = 20;
    const uint32_t index = static_cast<uint32_t>(seen.position) + 1;
    const auto code = reinterpret_cast<uint64_t>(seen.code);
    return index >> kIndexBits == 0 && code % 16 == 0 ? code << (kIndexBits - 4) | index : 0;
  }
  // Remembers that the frame is at another position. Its code is read later, when the entry is resolved.
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

  // Removes the tag of a _PyStackRef (Include/internal/pycore_stackref.h, 3.14). The two low bits are 3 for an int, 1
  // for a borrowed or immortal object; the value 1 is no object. In earlier versions they are 0.
  static const uint8_t* untagged(uint64_t reference) noexcept {
    constexpr uint64_t kTag = 3;
    if ((reference & kTag) == kTag) return nullptr;
    return reinterpret_cast<const uint8_t*>(reference & ~kTag);
  }
};

// Returns the byte offset in its code of a frame that has not moved since it was seen; kUnknownOffset when the offset
// cannot be found.
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

// Stands for the frame below the outermost one. No frame is called from it.
inline const uint8_t* const kNoFrame = reinterpret_cast<const uint8_t*>(1);

// Returns the first entry, from `seen` towards the root, that moved or whose caller is another one. Requires that the
// frame of `seen` is on the chain. It returns the outermost entry at the latest, since nothing is called from kNoFrame.
//
// The next frame is taken from the shadow stack, after the link on the chain was compared with it. So the processor
// need not wait for one load before it starts the next, and reads many frames at once. A turn compares two frames with
// 13 instructions.
//
//     chain          shadow stack                 compared
//     frame  ------> seen[0].frame, position      position of frame == seen[0].position
//       | previous
//     caller ------> seen[-1].frame, position     frame->previous == seen[-1].frame, then its position
template <Positions kPositions>
inline ShadowFrame* first_change(const FrameReader<kPositions>& read, ShadowFrame* seen) noexcept {
  const uint8_t* frame = seen->frame;
  for (;; seen -= 2) {
    if (__builtin_expect(!read.is_unmoved(*seen, frame), 0)) return seen;
    const uint8_t* const caller = seen[-1].frame;
    if (__builtin_expect(differs(frame + read.previous, caller), 0)) return seen;
    if (__builtin_expect(!read.is_unmoved(seen[-1], caller), 0)) return seen - 1;
    frame = seen[-2].frame;
    if (__builtin_expect(differs(caller + read.previous, frame), 0)) return seen - 1;
  }
}

// Whether the frame of `seen` has not moved and has no caller.
template <Positions kPositions>
inline bool is_root(const FrameReader<kPositions>& read, const ShadowFrame& seen) noexcept {
  return read.is_unmoved(seen, seen.frame) && read.caller_of(seen.frame) == nullptr;
}

// Compares the chain from `seen`, whose frame is on it, down to the root. Entries of frames that moved are refreshed,
// and `deepest` becomes the outermost of them. Returns false when the chain has other frames than the shadow stack.
template <Positions kPositions>
inline bool verify(const FrameReader<kPositions>& read, ShadowFrame* const bottom, ShadowFrame* seen,
                   ShadowFrame*& deepest) noexcept {
  for (;;) {
    const uint8_t* const frame = seen->frame;
    if (!read.is_unmoved(*seen, frame)) {
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
