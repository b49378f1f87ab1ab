// How a native frame finds its caller: where the caller's stack pointer was (the canonical frame address), and where
// its frame pointer is. The return address lies just below the canonical frame address (System V ABI, x86-64). One
// word, so that it is cached by return address.
#pragma once

#include <cstdint>

namespace cistern::preload {

enum class FrameAddress : uint8_t {
  kUnknown = 0,           // no information, or some that is not understood: the walk ends here
  kStackPointer = 1,      // stack pointer + offset
  kFramePointer = 2,      // frame pointer + offset
  kFramePointerSlot = 3,  // what lies at frame pointer + offset: functions that align their stack
  kOutermost = 4,         // nobody called this frame
  kSignal = 5,            // the kernel did: all registers lie in a ucontext_t at the stack pointer
};

enum class FramePointer : uint8_t {
  kSame = 0,            // the frame did not change it
  kInFrame = 1,         // saved at the canonical frame address + offset
  kAtFramePointer = 2,  // saved at the frame pointer + offset
};

struct UnwindRule {
  FrameAddress address = FrameAddress::kUnknown;
  FramePointer frame_pointer = FramePointer::kSame;
  int16_t frame_pointer_offset = 0;
  int32_t address_offset = 0;
  bool operator==(const UnwindRule&) const = default;
};
static_assert(sizeof(UnwindRule) == 8);

}  // namespace cistern::preload
