#include "preload/capture/native_codes.h"

#include "preload/capture/entry_frames.h"
#include "preload/unwind/code_search.h"

namespace cistern::preload {

void NativeCodes::begin(CodeLocation (*module_of)(uintptr_t), uint64_t max_table_bytes, WalkKind kind) noexcept {
  kind_ = kind;
  table_.limit(max_table_bytes);
  module_of_ = module_of;
  const CallFrameInfo own = find_code(reinterpret_cast<uintptr_t>(&is_evaluation_frame));
  own_begin_ = own.start;
  own_end_ = own.end;
}

void NativeCodes::set_evaluation(const void* function) noexcept {
  evaluation_.store(reinterpret_cast<uintptr_t>(function), std::memory_order_relaxed);
}

// Code that evaluates may lie outside of the evaluation function: in its cold part, or in the many functions of an
// interpreter built of tail calls. There the record in the frame decides.
CodeRole NativeCodes::role_of(const FrameDescription& frame, const Registers& at, const uint8_t* tstate,
                              uintptr_t high) const noexcept {
  if (at.pc >= own_begin_ && at.pc < own_end_) return CodeRole::kOwn;
  const uintptr_t evaluation = evaluation_.load(std::memory_order_relaxed);
  if (evaluation != 0 && evaluation == frame.function) return CodeRole::kEvaluation;
  const uintptr_t end = frame_address(frame.rule, at, high);
  return end != 0 && is_evaluation_frame(g_python, tstate, at.stack_pointer, end) ? CodeRole::kEvaluation
                                                                                  : CodeRole::kOrdinary;
}

NativeCode NativeCodes::code_at(const Registers& at, const uint8_t* tstate, uintptr_t high) noexcept {
  NativeCode code;
  if (table_.find(at, code)) return code;
  const CallFrameInfo info = find_code(at.instruction());
  const FrameDescription frame = describe_frame(info, at.instruction());
  const CodeLocation place = module_of_(at.instruction());
  code.rule = frame.rule;
  code.module = place.module;
  code.address = place.address;
  code.role = role_of(frame, at, tstate, high);
  // Code in no known module is not remembered: the module may become known later, and generated code may be replaced.
  if (code.module != 0) table_.add(at, code);
  return code;
}

}  // namespace cistern::preload
