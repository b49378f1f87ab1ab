// The native frames above a Python frame: which C function of which extension asked for a block. They are unwound with
// cached rules, from the hook's caller to the frame that evaluates Python code or to the outermost frame, and become a
// node of the stack tree on their own, the chain. Python nodes are combined with it by a NativeRun node: the same few
// chains occur above very many Python stacks.
//
// A thread has two levels of memory, so that most walks unwind nothing:
//   1. Walks, a set-associative cache by program counter and stack pointer. An entry has the words that the walk read
//      from the stack. If all are unchanged, the walk would give the same chain.
//   2. The frames of the last walk. A new walk unwinds only until it meets one of them; if everything further out is
//      unchanged, these frames and their nodes are taken over.
// A walk that reads words which are not remembered (signal frames, realigned frames) or code in no known module is not
// cached. One object for each thread; its memory is mapped at the thread's first walk.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/capture/group_buffer.h"
#include "preload/capture/native_codes.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

// The native frames of a whole stack, as runs between the frames that evaluate Python code (see mixed_stack.h).
struct NativeRuns {
  // The run that called the innermost evaluation, the run that called the next one, and so on. StackId{0}: no frame
  // between two evaluations. Valid until the next call.
  const StackId* outer = nullptr;
  uint32_t count = 0;
  StackId leaf{};       // the run above the innermost evaluation; StackId{0}: no frame
  uint32_t number = 0;  // equal numbers of one thread: equal runs
};

class NativeStack {
 public:
  // Returns the node of the native frames of the hook whose CISTERN_OWN_FRAME is `frame`, called from the Python stack
  // `python`. Returns `python` itself when there are none. `tstate`: see NativeCodes::code_at().
  StackId capture(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                  StackId python) noexcept;

  // Returns all native frames, to the outermost one. A thread calls either this or capture(), never both.
  NativeRuns capture_runs(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate) noexcept;

  // For another thread, and in a forked child: forgets all walks. Keeps the memory.
  void reset() noexcept;

#ifdef CISTERN_CHECK_STACKS
  // The same without caches, for comparison.
  NativeRuns capture_runs_uncached(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                                   bool whole) noexcept;
#endif

 private:
  static constexpr uint32_t kWalksPerSet = 4;  // walks from one place differ further out

  // A word that a walk read from the stack.
  struct Read {
    uintptr_t place;
    uintptr_t word;
  };
  // A walk: the registers that it began with, the words that it read, and the chain that it found (0: no frame).
  struct Walk {
    uintptr_t stack_pointer;
    uintptr_t pc;
    uintptr_t frame_pointer;
    uint32_t generation;  // of the code table; 0: the entry is empty
    uint64_t first_read;  // see GroupBuffer
    uint16_t reads;
    uint16_t runs;           // outer runs
    bool any_frame_pointer;  // the walk did not use the frame pointer that it began with
    StackId chain;
    uint64_t first_run;
    uint32_t number;  // of the walk
  };

  // A frame of the last walk.
  struct Frame {
    uintptr_t stack_pointer;
    uintptr_t pc;
    uintptr_t frame_pointer;
    uintptr_t saved_pointer;  // where the caller's frame pointer is saved; 0: the frame did not change it
    StackId node;             // of its run up to this frame; 0: it evaluates Python code
    CodeLocation place;
    CodeRole role;
    bool by_pointer;     // its caller is found by the frame pointer
    bool needs_pointer;  // so is a caller's caller, and the frame pointer there is the one here
  };
  // In one mapping, with the memory of reads_ and runs_.
  struct Tables {
    Walk (*walks)[kWalksPerSet] = nullptr;
    Frame* frames = nullptr;  // outermost first; a walk collects its frames at the end of this array
    uint32_t sets = 0;        // a power of two
    uint32_t frame_count = 0;
  };

  bool ensure(WalkKind kind) noexcept {
    return tables_.walks != nullptr || map_tables(kind);
  }
  bool map_tables(WalkKind kind) noexcept;
  Walk* set_of(const Registers& at) const noexcept {
    return tables_.walks[mix_hash(at.pc ^ at.stack_pointer << 8) >> 16 & (tables_.sets - 1)];
  }
  [[gnu::always_inline]] bool holds(const Walk& walk, const Registers& at, uint32_t generation) const noexcept;
  [[gnu::always_inline]] const Walk* find(const Registers& at, uint32_t generation, const Interner& interner) noexcept;
  bool runs_current(const Walk& walk, const Interner& interner) const noexcept;
  const Walk& walk_from(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                        bool whole) noexcept;
  void walk(NativeCodes& codes, Interner& interner, Registers at, const uint8_t* tstate, bool whole,
            Walk& done) noexcept;
  bool rest_unchanged(const Frame& from, uint32_t& differs) const noexcept;
  void append_frames(Interner& interner, uint32_t known, uint32_t fresh, StackId outermost) noexcept;
  void remember_walk(Walk& done, bool whole) noexcept;

  Tables tables_;
  uint32_t next_replaced_ = 0;  // selects the entry of a set that is replaced next
  GroupBuffer<Read> reads_;     // of all remembered walks
  GroupBuffer<StackId> runs_;
  StackId last_combined_{};  // the last NativeRun node, and the two nodes that it combines
  StackId last_python_{};
  StackId last_chain_{};
  StackId last_node_{};
  uint32_t size_ = 0;        // frames of the last walk that can be met again
  uint32_t generation_ = 0;  // of the code table, at the last walk; 0: the walk cannot be met again
  uint32_t last_number_ = 0;
};

}  // namespace cistern::preload
