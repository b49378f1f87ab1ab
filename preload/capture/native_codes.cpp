#include "preload/capture/native_codes.h"

#include "preload/capture/entry_frames.h"
#include "preload/unwind/code_search.h"

namespace cistern::preload {

void NativeCodes::begin(ModulePlace (*module_of)(uintptr_t), uint64_t max_table_bytes, WalkKind kind) noexcept {
  kind_ = kind;
  table_.limit(max_table_bytes);
  module_of_ = module_of;
  prepare_code_search();
  const CallFrameInfo own = find_code(reinterpret_cast<uintptr_t>(&holds_entry));
  own_begin_ = own.start;
  own_end_ = own.end;
}

void NativeCodes::set_evaluation(const void* function) noexcept {
  evaluation_.store(reinterpret_cast<uintptr_t>(function), std::memory_order_relaxed);
}

// Code may lie apart from its function's beginning (a compiler's cold part), or in functions of its own (an interpreter
// built of tail calls): the frame says it then.
CodeRole NativeCodes::role_of(const FrameDescription& frame, const Registers& at, const uint8_t* tstate,
                              uintptr_t high) const noexcept {
  if (at.pc >= own_begin_ && at.pc < own_end_) return CodeRole::kOwn;
  const uintptr_t evaluation = evaluation_.load(std::memory_order_relaxed);
  if (evaluation != 0 && evaluation == frame.function) return CodeRole::kEvaluation;
  const uintptr_t end = frame_address(frame.rule, at, high);
  return end != 0 && holds_entry(g_python, tstate, at.stack_pointer, end) ? CodeRole::kEvaluation : CodeRole::kOrdinary;
}

NativeCode NativeCodes::code_at(const Registers& at, const uint8_t* tstate, uintptr_t high) noexcept {
  NativeCode code;
  if (table_.find(at, code)) return code;
  const CallFrameInfo info = find_code(at.instruction());
  const FrameDescription frame = describe_frame(info, at.instruction());
  const ModulePlace place = module_of_(at.instruction());
  code.rule = frame.rule;
  code.module = place.module;
  code.address = place.address;
  code.role = role_of(frame, at, tstate, high);
  // Which module it is may become known later; what was made at run time may be replaced.
  if (code.module != 0) table_.add(at, code);
  return code;
}

}  // namespace cistern::preload
