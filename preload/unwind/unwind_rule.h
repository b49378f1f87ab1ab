// How a native frame finds its caller, in one word, so that it can be cached by return address. With sp, fp and pc of a
// frame, the canonical frame address CFA and the caller's registers are:
//
//     kStackPointer       CFA = sp + address_offset
//     kFramePointer       CFA = fp + address_offset
//     kFramePointerSlot   CFA = *(fp + address_offset)            in functions that realign their stack
//       caller: sp = CFA,  pc = *return_address_place(CFA),  and fp is
//         kSame             fp
//         kInFrame          *(CFA + frame_pointer_offset)
//         kAtFramePointer   *(fp + frame_pointer_offset)
//     kSignal             the kernel called the frame; a ucontext_t lies at sp
//       caller: sp = *(sp + kContextStackPointer),  pc = *(sp + kContextPc),  fp = *(sp + kContextFramePointer)
//     kOutermost          no caller
//     kUnknown            no information, or not understood: the walk ends here
//
// Example: after `push %rbp; mov %rsp, %rbp` the rule is {kFramePointer, kInFrame, -16, 16}: CFA = fp + 16, the
// caller's fp is *(CFA - 16), and its pc *(CFA - 8).
//
// A processor whose calls keep the return address in a register (aarch64) needs one more field: where it is saved, if
// it is saved at all.
#pragma once

#include <cstdint>

namespace cistern::preload {

enum class FrameAddress : uint8_t {
  kUnknown = 0,
  kStackPointer = 1,
  kFramePointer = 2,
  kFramePointerSlot = 3,
  kOutermost = 4,
  kSignal = 5,
};

enum class FramePointer : uint8_t {
  kSame = 0,
  kInFrame = 1,
  kAtFramePointer = 2,
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
