#include "preload/capture/reference_walker.h"

#include "preload/base/memory.h"
#include "preload/capture/awaiting.h"
#include "preload/capture/frame_reader.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

template <Positions kPositions>
StackId node_of(const FrameReader<kPositions>& read, const Interpreter& python, Interner& interner, StackId caller,
                const uint8_t* frame) noexcept {
  ShadowFrame seen;
  seen.frame = frame;
  seen.code = read.code_of(frame);
  seen.position = read.position_of(frame);
  if (seen.code == kEntryFrame) return caller;
  const CodeId code = interner.code(python, seen.code);
  if (code == Interner::kNoCode) return caller;
  if (raw(code) == 0) return interner.node(caller, NodeKey{NodeKind::kUnknown, 0, 0});
  return interner.node(caller, NodeKey{NodeKind::kPython, raw(code), offset_of<kPositions>(python, seen)});
}

template <Positions kPositions>
StackId walk(const Interpreter& python, Interner& interner, const uint8_t* innermost, StackId node,
             Awaiting* awaiting = nullptr) noexcept {
  constexpr size_t kFewFrames = 256;
  const FrameReader<kPositions> read(*python.layout);
  size_t count = 0;
  for (const uint8_t* frame = innermost; frame != nullptr; frame = read.caller_of(frame)) ++count;
  const uint8_t* few[kFewFrames];
  const size_t bytes = count <= kFewFrames ? 0 : count * sizeof few[0];
  auto* const frames = bytes == 0 ? few : static_cast<const uint8_t**>(map_memory(bytes));
  if (frames == nullptr) return StackId{};
  const uint8_t* frame = innermost;
  for (size_t i = 0; i < count; ++i, frame = read.caller_of(frame)) frames[i] = frame;
  for (size_t i = count; i != 0; --i) {
    if (awaiting != nullptr && frames[i - 1] == awaiting->attach_point()) node = awaiting->extend(interner, node);
    node = node_of(read, python, interner, node, frames[i - 1]);
  }
  if (bytes != 0) unmap_memory(frames, bytes);
  return node;
}

}  // namespace

StackId reference_walk(const Interpreter& python, Interner& interner, const uint8_t* innermost, StackId base,
                       const uint8_t* tstate) noexcept {
  if (python.frame_walk() == FrameWalk::kWithTasks) {
    Awaiting awaiting;
    awaiting.update(python, interner, tstate, true);
    const StackId node = walk<Positions::kInCode>(python, interner, innermost, base, &awaiting);
    awaiting.release();
    return node;
  }
  switch (python.layout->positions) {
    case Positions::kInCode:
      return walk<Positions::kInCode>(python, interner, innermost, base);
    case Positions::kIndexes:
      return walk<Positions::kIndexes>(python, interner, innermost, base);
    case Positions::kInCopies:
      return walk<Positions::kInCopies>(python, interner, innermost, base);
  }
  return base;
}

}  // namespace cistern::preload
