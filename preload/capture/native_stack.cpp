#include "preload/capture/native_stack.h"

#include "preload/base/memory.h"
#include "preload/capture/entry_frames.h"
#include "preload/capture/stack_end.h"
#include "preload/unwind/code_search.h"

namespace cistern::preload {

void NativeCodes::begin(ModulePlace (*module_of)(uintptr_t), uint64_t max_table_bytes, bool every_block) noexcept {
  every_block_ = every_block;
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

bool NativeStack::map_tables(bool every_block) noexcept {
  Tables made;
  made.sets = every_block ? 256 : 32;
  made.read_count = every_block ? 8192 : 1024;
  made.run_count = every_block ? 4096 : 64;
  const size_t walks = sizeof(Walk[kWays]) * made.sets;
  const size_t reads = sizeof(Read) * made.read_count;
  const size_t runs = sizeof(StackId) * made.run_count;
  auto* const memory = static_cast<char*>(map_memory(walks + reads + runs + sizeof(ModulePlace) * kMaxFrames));
  if (memory == nullptr) return false;
  made.walks = reinterpret_cast<Walk(*)[kWays]>(memory);
  made.reads = reinterpret_cast<Read*>(memory + walks);
  made.runs = reinterpret_cast<StackId*>(memory + walks + reads);
  made.frames = reinterpret_cast<ModulePlace*>(memory + walks + reads + runs);
  tables_ = made;
  return true;
}

void NativeStack::reset() noexcept {
  for (uint32_t set = 0; set < tables_.sets; ++set) {
    for (Walk& walk : tables_.walks[set]) walk.generation = 0;
  }
  last_combined_ = last_node_ = StackId{};
}

bool NativeStack::holds(const Walk& walk, const Registers& at, uint32_t generation) const noexcept {
  if (walk.pc != at.pc || walk.stack_pointer != at.stack_pointer || walk.generation != generation ||
      next_read_ - walk.first_read > tables_.read_count ||
      (!walk.any_frame_pointer && walk.frame_pointer != at.frame_pointer)) {
    return false;
  }
  const Read* const reads = tables_.reads + walk.first_read % tables_.read_count;
  for (uint32_t i = 0; i < walk.reads; ++i) {
    if (word_at(reads[i].place) != reads[i].word) return false;
  }
  return true;
}

// Whether its nodes are still defined.
bool NativeStack::runs_hold(const Walk& walk, const Interner& interner) const noexcept {
  if (raw(walk.chain) != 0 && !interner.is_current(walk.chain)) return false;
  if (walk.runs == 0) return true;
  if (next_run_ - walk.first_run > tables_.run_count) return false;
  for (uint32_t i = 0; i < walk.runs; ++i) {
    const StackId run = tables_.runs[(walk.first_run + i) % tables_.run_count];
    if (raw(run) != 0 && !interner.is_current(run)) return false;
  }
  return true;
}

// Reads of one walk lie together: those that come to the end of the room begin anew at its front.
void NativeStack::note(uintptr_t place, uintptr_t word) noexcept {
  if (next_read_ % tables_.read_count == 0 && next_read_ != first_noted_) {
    const uint32_t count = next_read_ - first_noted_;
    if (count >= tables_.read_count) return;
    for (uint32_t i = 0; i < count; ++i) tables_.reads[i] = tables_.reads[first_noted_ % tables_.read_count + i];
    first_noted_ = next_read_;
    next_read_ += count;
  }
  tables_.reads[next_read_++ % tables_.read_count] = Read{place, word};
}

// So do runs.
void NativeStack::add_run(StackId chain) noexcept {
  if (next_run_ % tables_.run_count == 0 && next_run_ != first_run_) {
    const uint32_t count = next_run_ - first_run_;
    if (count >= tables_.run_count) return;
    for (uint32_t i = 0; i < count; ++i) tables_.runs[i] = tables_.runs[first_run_ % tables_.run_count + i];
    first_run_ = next_run_;
    next_run_ += count;
  }
  tables_.runs[next_run_++ % tables_.run_count] = chain;
}

// From the outermost frame inwards, so that each node is called from the one before.
StackId NativeStack::intern(Interner& interner, uint32_t frames, StackId outermost) noexcept {
  StackId node = outermost;
  for (uint32_t i = frames; i-- > 0;) {
    const ModulePlace& frame = tables_.frames[i];
    node = last_node_ = interner.node_after(last_node_, node, NodeKey{NodeKind::kNative, frame.module, frame.address});
  }
  return node;
}

// `done` becomes the walk; its generation 0 where it must not be taken for another one.
void NativeStack::walk(NativeCodes& codes, Interner& interner, Registers at, const uint8_t* tstate, bool whole,
                       Walk& done) noexcept {
  const uintptr_t high = stack_end(at.stack_pointer);
  done = Walk{at.stack_pointer, at.pc, at.frame_pointer, codes.table().generation(), 0, 0, 0, false, StackId{}, 0, 0};
  first_noted_ = next_read_;
  first_run_ = next_run_;
  uintptr_t pointer_place = 0;  // where the frame pointer was read; 0: it is the first one
  bool pointer_noted = false;
  bool first_pointer_used = false;
  bool can_be_kept = true;
  bool any_evaluation = false;
  uint32_t count = 0;
  StackId outermost{};
  const auto end_run = [&] {
    const StackId chain = intern(interner, count, outermost);
    if (any_evaluation) {
      add_run(chain);
    } else {
      done.chain = chain;
    }
    count = 0;
    outermost = StackId{};
  };
  for (;;) {
    const NativeCode code = codes.code_at(at, tstate, high);
    if (code.role == CodeRole::kEvaluation) {
      end_run();
      any_evaluation = true;
      if (!whole) break;
    } else if (code.role != CodeRole::kOwn) {
      if (count == kMaxFrames) {
        const auto reason = static_cast<uint32_t>(TruncationReason::kDepth);
        outermost = interner.node(StackId{}, NodeKey{NodeKind::kTruncated, reason, 0});
        end_run();
        break;
      }
      tables_.frames[count++] = ModulePlace{code.module, code.address};
    }
    if (code.rule.address == FrameAddress::kOutermost) {
      end_run();
      break;
    }
    const Registers before = at;
    if (!step(code.rule, at, high)) {
      outermost = interner.node(StackId{}, NodeKey{NodeKind::kUnknown, 0, 0});
      end_run();
      break;
    }
    const bool by_pointer =
        code.rule.address != FrameAddress::kStackPointer || code.rule.frame_pointer == FramePointer::kAtFramePointer;
    if (by_pointer && pointer_place == 0) first_pointer_used = true;
    if (by_pointer && pointer_place != 0 && !pointer_noted) {
      note(pointer_place, before.frame_pointer);
      pointer_noted = true;
    }
    if (code.rule.address == FrameAddress::kSignal || code.rule.address == FrameAddress::kFramePointerSlot ||
        code.module == 0) {
      can_be_kept = false;
    }
    note(at.stack_pointer - sizeof(uintptr_t), at.pc);
    const uintptr_t saved = frame_pointer_place(code.rule, before, at.stack_pointer);
    if (saved != 0) {
      pointer_place = saved;
      pointer_noted = false;
    }
  }
  const uint32_t reads = next_read_ - first_noted_;
  const uint32_t runs = next_run_ - first_run_;
  done.first_read = first_noted_;
  done.reads = static_cast<uint16_t>(reads);
  done.first_run = first_run_;
  done.runs = static_cast<uint16_t>(runs);
  done.any_frame_pointer = !first_pointer_used;
  done.number = ++last_number_;
  if (!can_be_kept || reads > tables_.read_count / 2) done.generation = 0;
}

NativeStack::Walk* NativeStack::find(const Registers& at, uint32_t generation, const Interner& interner) noexcept {
  Walk* const set = set_of(at);
  for (uint32_t way = 0; way < kWays; ++way) {
    Walk& walk = set[way];
    if (holds(walk, at, generation) && runs_hold(walk, interner)) return &walk;
  }
  return nullptr;
}

StackId NativeStack::capture(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                             StackId python) noexcept {
  if (!ensure(codes.every_block())) return python;
  const Registers at = callers_registers(frame);
  const Walk* known = find(at, codes.table().generation(), interner);
  if (known == nullptr) {
    Walk& oldest = set_of(at)[turn_++ % kWays];
    walk(codes, interner, at, tstate, false, oldest);
    known = &oldest;
  }
  if (raw(known->chain) == 0) return python;
  last_combined_ = interner.node_after(last_combined_, python, NodeKey{NodeKind::kNativeRun, raw(known->chain), 0});
  return last_combined_;
}

NativeRuns NativeStack::capture_runs(NativeCodes& codes, Interner& interner, const void* frame,
                                     const uint8_t* tstate) noexcept {
  if (!ensure(codes.every_block())) return {};
  const Registers at = callers_registers(frame);
  const Walk* known = find(at, codes.table().generation(), interner);
  if (known == nullptr) {
    Walk& oldest = set_of(at)[turn_++ % kWays];
    walk(codes, interner, at, tstate, true, oldest);
    known = &oldest;
  }
  return NativeRuns{tables_.runs + known->first_run % tables_.run_count, known->runs, known->chain, known->number};
}

#ifdef CISTERN_CHECK_STACKS
NativeRuns NativeStack::walked_runs(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                                    bool whole) noexcept {
  Walk fresh;
  walk(codes, interner, callers_registers(frame), tstate, whole, fresh);
  return NativeRuns{tables_.runs + fresh.first_run % tables_.run_count, fresh.runs, fresh.chain, fresh.number};
}
#endif

}  // namespace cistern::preload
