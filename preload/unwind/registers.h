// One step of a walk: from a frame to its caller.
#pragma once

#include <cstdint>

#include "preload/arch/arch.h"
#include "preload/unwind/unwind_rule.h"

namespace cistern::preload {

struct Registers {
  uintptr_t pc = 0;             // a return address, unless `exact`
  uintptr_t stack_pointer = 0;  // of the frame that pc is in
  uintptr_t frame_pointer = 0;
  bool exact = false;  // pc is the next instruction: a signal came there

  // An address in the instruction that made the call, or that was interrupted.
  uintptr_t instruction() const noexcept { return exact ? pc : pc - 1; }
};

// The registers of the caller of the function whose CISTERN_OWN_FRAME is `frame`.
inline Registers callers_registers(const void* frame) noexcept {
  const auto* const words = static_cast<const uintptr_t*>(frame);
  return {words[kReturnAddressWord], reinterpret_cast<uintptr_t>(words + kFrameWords), words[kCallersFramePointerWord],
          false};
}

inline uintptr_t word_at(uintptr_t place) noexcept {
  return *reinterpret_cast<const uintptr_t*>(place);
}

// Whether a word lies at `place` in the part of the stack that is in use.
inline bool on_stack(uintptr_t place, uintptr_t low, uintptr_t high) noexcept {
  return place >= low && place < high && high - place >= sizeof(uintptr_t) && place % sizeof(uintptr_t) == 0;
}

// Where the caller's stack pointer was; 0 when the rule leads out of the stack, whose end is `high`.
inline uintptr_t frame_address(const UnwindRule& rule, const Registers& at, uintptr_t high) noexcept {
  const auto offset = static_cast<uintptr_t>(intptr_t{rule.address_offset});
  uintptr_t address = 0;
  switch (rule.address) {
    case FrameAddress::kStackPointer:
      address = at.stack_pointer + offset;
      break;
    case FrameAddress::kFramePointer:
      address = at.frame_pointer + offset;
      break;
    case FrameAddress::kFramePointerSlot:
      if (!on_stack(at.frame_pointer + offset, at.stack_pointer, high)) return 0;
      address = word_at(at.frame_pointer + offset);
      break;
    case FrameAddress::kSignal:
      if (!on_stack(at.stack_pointer + kContextPc, at.stack_pointer, high)) return 0;
      return word_at(at.stack_pointer + kContextStackPointer);
    case FrameAddress::kOutermost:
    case FrameAddress::kUnknown:
      return 0;
  }
  // At least the return address lies in between. The outermost frame may end where the stack does.
  if (address <= at.stack_pointer || address > high || address % sizeof(uintptr_t) != 0) return 0;
  return address;
}

// Where the caller's frame pointer was saved; 0: it was not. Requires an `address` of frame_address().
inline uintptr_t frame_pointer_place(const UnwindRule& rule, const Registers& at, uintptr_t address) noexcept {
  const auto offset = static_cast<uintptr_t>(intptr_t{rule.frame_pointer_offset});
  if (rule.frame_pointer == FramePointer::kSame) return 0;
  return (rule.frame_pointer == FramePointer::kInFrame ? address : at.frame_pointer) + offset;
}

// Makes `at` the registers of the caller. Returns false when the rule leads out of the stack. A signal may have come on
// another stack, that of sigaltstack: the walk goes on where it was, if that is in the same stack.
inline bool step(const UnwindRule& rule, Registers& at, uintptr_t high) noexcept {
  const uintptr_t address = frame_address(rule, at, high);
  if (address == 0) return false;
  if (rule.address == FrameAddress::kSignal) {
    if (address <= at.stack_pointer || address > high) return false;
    at = Registers{word_at(at.stack_pointer + kContextPc), address, word_at(at.stack_pointer + kContextFramePointer),
                   true};
    return true;
  }
  const uintptr_t saved = frame_pointer_place(rule, at, address);
  if (saved != 0 && !on_stack(saved, at.stack_pointer, high)) return false;
  const uintptr_t frame_pointer = saved == 0 ? at.frame_pointer : word_at(saved);
  at = Registers{word_at(return_address_place(address)), address, frame_pointer, false};
  return true;
}

}  // namespace cistern::preload
