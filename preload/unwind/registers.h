// A step of a walk: from the registers of a frame to those of its caller, by an UnwindRule. Reads only the stack
// between the stack pointer and its end. Any thread, for its own stack; does not allocate.
#pragma once

#include <cstdint>

#include "preload/arch/arch.h"
#include "preload/unwind/unwind_rule.h"

namespace cistern::preload {

struct Registers {
  uintptr_t pc = 0;             // return address, unless `exact`
  uintptr_t stack_pointer = 0;  // of the frame that runs the code at pc
  uintptr_t frame_pointer = 0;
  bool exact = false;  // pc is the next instruction to run: a signal interrupted it

  // An address inside the instruction that made the call, or that was interrupted.
  uintptr_t instruction() const noexcept { return exact ? pc : pc - 1; }
};

// Returns the registers of the caller of the function whose CISTERN_OWN_FRAME is `frame`.
inline Registers callers_registers(const void* frame) noexcept {
  const auto* const words = static_cast<const uintptr_t*>(frame);
  return {words[kReturnAddressWord], reinterpret_cast<uintptr_t>(words + kFrameWords), words[kCallersFramePointerWord],
          false};
}

inline uintptr_t word_at(uintptr_t place) noexcept {
  return *reinterpret_cast<const uintptr_t*>(place);
}

// Whether an aligned word lies at `place` in the used part of the stack, [low, high).
inline bool on_stack(uintptr_t place, uintptr_t low, uintptr_t high) noexcept {
  return place >= low && place < high && high - place >= sizeof(uintptr_t) && place % sizeof(uintptr_t) == 0;
}

// Returns the canonical frame address; 0 when the rule leads out of the stack, whose end is `high`.
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
  // At least the return address lies between both. The outermost frame may end where the stack ends.
  if (address <= at.stack_pointer || address > high || address % sizeof(uintptr_t) != 0) return 0;
  return address;
}

// Returns the place where the caller's frame pointer is saved; 0: the frame did not change it. `address`: the result of
// frame_address().
inline uintptr_t frame_pointer_place(const UnwindRule& rule, const Registers& at, uintptr_t address) noexcept {
  const auto offset = static_cast<uintptr_t>(intptr_t{rule.frame_pointer_offset});
  if (rule.frame_pointer == FramePointer::kSame) return 0;
  return (rule.frame_pointer == FramePointer::kInFrame ? address : at.frame_pointer) + offset;
}

// Replaces `at` by the registers of the caller. Returns false when the rule leads out of the stack. A handler that runs
// on another stack (sigaltstack) leads out of it, unless the interrupted frame is further up in the same mapping.
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
