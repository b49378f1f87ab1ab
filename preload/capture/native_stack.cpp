#include "preload/capture/native_stack.h"

#include <algorithm>
#include <cstring>

#include "preload/base/memory.h"
#include "preload/capture/stack_end.h"

namespace cistern::preload {

bool NativeStack::map_tables(WalkKind kind) noexcept {
  const bool whole = kind == WalkKind::kWholeStacks;
  const bool some = kind == WalkKind::kSomeBlocks;
  Tables made;
  made.sets = some ? 32 : 256;
  made.frame_count = some ? 512 : whole ? 8192 : 2048;
  const uint32_t read_count = some ? 1024 : whole ? 32768 : 8192;
  const uint32_t run_count = whole ? 8192 : 64;
  const size_t walks = sizeof(Walk[kWalksPerSet]) * made.sets;
  const size_t reads = sizeof(Read) * read_count;
  const size_t runs = sizeof(StackId) * run_count;
  auto* const memory = static_cast<char*>(map_memory(walks + reads + runs + sizeof(Frame) * made.frame_count));
  if (memory == nullptr) return false;
  made.walks = reinterpret_cast<Walk(*)[kWalksPerSet]>(memory);
  made.frames = reinterpret_cast<Frame*>(memory + walks + reads + runs);
  reads_.use(reinterpret_cast<Read*>(memory + walks), read_count);
  runs_.use(reinterpret_cast<StackId*>(memory + walks + reads), run_count);
  tables_ = made;
  return true;
}

void NativeStack::reset() noexcept {
  for (uint32_t set = 0; set < tables_.sets; ++set) {
    for (Walk& walk : tables_.walks[set]) walk.generation = 0;
  }
  last_combined_ = last_python_ = last_chain_ = last_node_ = StackId{};
  size_ = 0;
}

inline bool NativeStack::holds(const Walk& walk, const Registers& at, uint32_t generation) const noexcept {
  if (walk.pc != at.pc || walk.stack_pointer != at.stack_pointer || walk.generation != generation ||
      !reads_.holds(walk.first_read) || (!walk.any_frame_pointer && walk.frame_pointer != at.frame_pointer)) {
    return false;
  }
  const Read* read = reads_.at(walk.first_read);
  for (const Read* const end = read + walk.reads; read != end; ++read) {
    if (word_at(read->place) != read->word) return false;
  }
  return true;
}

// Whether the nodes of the walk's outer runs are still defined.
bool NativeStack::runs_current(const Walk& walk, const Interner& interner) const noexcept {
  if (!runs_.holds(walk.first_run)) return false;
  for (uint32_t i = 0; i < walk.runs; ++i) {
    const StackId run = *runs_.at(walk.first_run + i);
    if (raw(run) != 0 && !interner.is_current(run)) return false;
  }
  return true;
}

// Whether all frames further out than `from`, a frame of the last walk, are unchanged. If not, `differs` becomes the
// index of the innermost changed frame.
bool NativeStack::rest_unchanged(const Frame& from, uint32_t& differs) const noexcept {
  for (const Frame* inner = &from; inner != tables_.frames; --inner) {
    const Frame& outer = inner[-1];
    const bool moved = word_at(return_address_place(outer.stack_pointer)) != outer.pc;
    const bool depends = outer.needs_pointer && inner->saved_pointer != 0;
    if (moved || (depends && word_at(inner->saved_pointer) != outer.frame_pointer)) {
      differs = static_cast<uint32_t>(&outer - tables_.frames);
      return false;
    }
  }
  return true;
}

// Puts the `fresh` frames that a walk collected above the outermost `known` frames of the last walk, and finds their
// nodes from the outermost inwards.
void NativeStack::append_frames(Interner& interner, uint32_t known, uint32_t fresh, StackId outermost) noexcept {
  Frame* const frames = tables_.frames;
  std::memmove(frames + known, frames + tables_.frame_count - fresh, fresh * sizeof(Frame));
  size_ = known + fresh;
  StackId node = known == 0 ? outermost : frames[known - 1].node;
  for (uint32_t i = known; i < size_; ++i) {
    Frame& frame = frames[i];
    frame.needs_pointer = frame.by_pointer || (frame.saved_pointer == 0 && i != 0 && frames[i - 1].needs_pointer);
    if (frame.role == CodeRole::kEvaluation) {
      node = StackId{};
    } else if (frame.role == CodeRole::kOrdinary) {
      const NodeKey key{NodeKind::kNative, frame.place.module, frame.place.address};
      node = last_node_ = interner.node_after(last_node_, node, key);
    }
    frame.node = node;
  }
}

// Stores the words that the walk read and its runs, from the innermost frame outwards, so that holds() can compare
// them.
void NativeStack::remember_walk(Walk& done, bool whole) noexcept {
  reads_.begin_group();
  runs_.begin_group();
  const Frame* const frames = tables_.frames;
  done.chain = size_ == 0 ? StackId{} : frames[size_ - 1].node;
  done.any_frame_pointer = size_ == 0 || !frames[size_ - 1].needs_pointer;
  for (uint32_t i = size_; i-- > 0;) {
    if (whole && frames[i].role == CodeRole::kEvaluation) runs_.add(i == 0 ? StackId{} : frames[i - 1].node);
    if (i == 0) break;
    const Frame& outer = frames[i - 1];
    reads_.add(Read{return_address_place(outer.stack_pointer), outer.pc});
    if (outer.needs_pointer && frames[i].saved_pointer != 0) {
      reads_.add(Read{frames[i].saved_pointer, outer.frame_pointer});
    }
  }
  done.first_read = reads_.first();
  done.reads = static_cast<uint16_t>(reads_.size());
  done.first_run = runs_.first();
  done.runs = static_cast<uint16_t>(runs_.size());
}

// Walks from `at`; `done` becomes the walk. Its generation is 0 when it must not be reused.
void NativeStack::walk(NativeCodes& codes, Interner& interner, Registers at, const uint8_t* tstate, bool whole,
                       Walk& done) noexcept {
  const uintptr_t high = stack_end(at.stack_pointer);
  const uint32_t generation = codes.table().generation();
  done = Walk{at.stack_pointer, at.pc, at.frame_pointer, generation, 0, 0, 0, false, StackId{}, 0, ++last_number_};
  Frame* const frames = tables_.frames;
  uint32_t known = generation == generation_ ? size_ : 0;  // frames of the last walk that may be met again
  if (raw(last_node_) != 0 && !interner.is_current(last_node_)) known = 0;  // definitions were restarted
  bool can_be_kept = true;
  uint32_t fresh = 0;
  StackId outermost{};
  for (;;) {
    known = std::min(known, tables_.frame_count - fresh);
    while (known != 0 && frames[known - 1].stack_pointer < at.stack_pointer) --known;
    if (known != 0) {
      const Frame& met = frames[known - 1];
      const bool same = met.stack_pointer == at.stack_pointer && met.pc == at.pc && !at.exact &&
                        (!met.needs_pointer || met.frame_pointer == at.frame_pointer);
      uint32_t differs = 0;
      if (same && rest_unchanged(met, differs)) break;
      if (same) known = differs;
    }
    if (fresh == tables_.frame_count) {
      const auto reason = static_cast<uint32_t>(TruncationReason::kDepth);
      outermost = interner.node(StackId{}, NodeKey{NodeKind::kTruncated, reason, 0});
      known = 0;
      can_be_kept = false;
      break;
    }
    const NativeCode code = codes.code_at(at, tstate, high);
    const Registers before = at;
    const bool is_last =
        code.rule.address == FrameAddress::kOutermost || (code.role == CodeRole::kEvaluation && !whole);
    const bool stepped = !is_last && step(code.rule, at, high);
    ++fresh;
    frames[tables_.frame_count - fresh] = Frame{before.stack_pointer,
                                                before.pc,
                                                before.frame_pointer,
                                                stepped ? frame_pointer_place(code.rule, before, at.stack_pointer) : 0,
                                                StackId{},
                                                CodeLocation{code.module, code.address},
                                                code.role,
                                                !is_last && (code.rule.address == FrameAddress::kFramePointer ||
                                                             code.rule.frame_pointer == FramePointer::kAtFramePointer),
                                                false};
    // Words that a signal frame or a realigned frame read are not remembered; generated code may be replaced.
    if (before.exact || code.rule.address == FrameAddress::kSignal ||
        code.rule.address == FrameAddress::kFramePointerSlot || code.module == 0) {
      can_be_kept = false;
    }
    if (stepped) continue;
    if (!is_last) outermost = interner.node(StackId{}, NodeKey{NodeKind::kUnknown, 0, 0});
    known = 0;
    break;
  }
  append_frames(interner, known, fresh, outermost);
  generation_ = can_be_kept ? generation : 0;
  remember_walk(done, whole);
  if (!can_be_kept || done.reads > reads_.count() / 2) done.generation = 0;
}

inline const NativeStack::Walk* NativeStack::find(const Registers& at, uint32_t generation,
                                                  const Interner& interner) noexcept {
  Walk* const set = set_of(at);
  for (uint32_t way = 0; way < kWalksPerSet; ++way) {
    Walk& walk = set[way];
    if (!holds(walk, at, generation)) continue;
    if (raw(walk.chain) != 0 && !interner.is_current(walk.chain)) continue;
    if (walk.runs == 0 || runs_current(walk, interner)) return &walk;
  }
  return nullptr;
}

// Returns the walk from the caller of a hook, remembered or made now. Requires the tables.
inline const NativeStack::Walk& NativeStack::walk_from(NativeCodes& codes, Interner& interner, const void* frame,
                                                       const uint8_t* tstate, bool whole) noexcept {
  const Registers at = callers_registers(frame);
  if (const Walk* const known = find(at, codes.table().generation(), interner)) return *known;
  Walk& oldest = set_of(at)[next_replaced_++ % kWalksPerSet];
  walk(codes, interner, at, tstate, whole, oldest);
  return oldest;
}

StackId NativeStack::capture(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                             StackId python) noexcept {
  if (!ensure(codes.kind())) return python;
  const StackId chain = walk_from(codes, interner, frame, tstate, false).chain;
  if (raw(chain) == 0) return python;
  if (python == last_python_ && chain == last_chain_ && interner.is_current(last_combined_)) return last_combined_;
  last_python_ = python;
  last_chain_ = chain;
  last_combined_ = interner.node_after(last_combined_, python, NodeKey{NodeKind::kNativeRun, raw(chain), 0});
  return last_combined_;
}

NativeRuns NativeStack::capture_runs(NativeCodes& codes, Interner& interner, const void* frame,
                                     const uint8_t* tstate) noexcept {
  if (!ensure(codes.kind())) return {};
  const Walk& walk = walk_from(codes, interner, frame, tstate, true);
  return NativeRuns{runs_.at(walk.first_run), walk.runs, walk.chain, walk.number};
}

#ifdef CISTERN_CHECK_STACKS
NativeRuns NativeStack::capture_runs_uncached(NativeCodes& codes, Interner& interner, const void* frame,
                                              const uint8_t* tstate, bool whole) noexcept {
  size_ = 0;
  Walk fresh;
  walk(codes, interner, callers_registers(frame), tstate, whole, fresh);
  return NativeRuns{runs_.at(fresh.first_run), fresh.runs, fresh.chain, fresh.number};
}
#endif

}  // namespace cistern::preload
