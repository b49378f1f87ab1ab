// The native frames above a Python frame: which C function of which extension asked for a block. They are walked with
// cached unwind rules from the hook's caller to the frame that evaluates Python code, or to the outermost one, and
// become a node of the stack tree by themselves, which Python nodes are then combined with: the same few chains occur
// above very many Python stacks.
//
// A thread remembers the walks that it made: what each read of the stack, and the node that came of it. The same reads
// with the same results are the same walk, so that most often nothing is unwound or looked up. Of another one only the
// frames are that are not those of the last walk: from where it meets that, everything is compared and taken over.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/capture/native_codes.h"
#include "preload/capture/set_cache.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

// The native frames of a whole stack, in runs that are parted by frames which evaluate Python code.
struct NativeRuns {
  // By whom the innermost evaluation was called, and so on to the outermost one; StackId{0} where that called the next
  // directly. Valid until the next call.
  const StackId* outer = nullptr;
  uint32_t count = 0;
  StackId leaf{};       // above the innermost evaluation; StackId{0}: no frame
  uint32_t number = 0;  // the same as at an earlier call of this thread's: so are the runs
};

class NativeStack {
 public:
  // The stack of the caller of the function whose CISTERN_OWN_FRAME is `frame`: its native frames, called from the
  // Python stack `python`. Returns `python` itself when there are none. `tstate` as in NativeCodes::code_at().
  StackId capture(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                  StackId python) noexcept;

  // All native frames, to the outermost one. A thread calls either this or capture().
  NativeRuns capture_runs(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate) noexcept;

  // For another thread, and in a forked child: forgets what was seen.
  void reset() noexcept;

#ifdef CISTERN_CHECK_STACKS
  // The same by a walk that remembers nothing, for comparison.
  NativeRuns walked_runs(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                         bool whole) noexcept;
#endif

 private:
  static constexpr uint32_t kWays = 4;  // walks that began at the same place went on in different ways

  // A word of the stack that a walk depended on.
  struct Read {
    uintptr_t place;
    uintptr_t word;
  };
  // One walk: where it began, what it read, and the node of its frames, 0 when there were none.
  struct Walk {
    uintptr_t stack_pointer;
    uintptr_t pc;
    uintptr_t frame_pointer;
    uint32_t generation;  // of the code; 0: none
    uint64_t first_read;  // see Recent
    uint16_t reads;
    uint16_t runs;           // apart from the innermost one
    bool any_frame_pointer;  // the one that it began with was not used
    StackId chain;
    uint64_t first_run;
    uint32_t number;  // of the walk
  };

  // A frame of a walk.
  struct Frame {
    uintptr_t stack_pointer;
    uintptr_t pc;
    uintptr_t frame_pointer;
    uintptr_t saved_pointer;  // where the caller's frame pointer lies; 0: it is the same
    StackId node;             // of the run that it belongs to, up to this frame; 0: it evaluates Python code
    ModulePlace place;
    CodeRole role;
    bool by_pointer;     // its caller is found by its frame pointer
    bool needs_pointer;  // so is one further out, and the frame pointer there is this one
  };
  // Own memory, mapped at a thread's first walk.
  struct Tables {
    Walk (*walks)[kWays] = nullptr;
    Frame* frames = nullptr;  // outermost first; those of a walk that is under way are gathered from behind
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
  bool runs_hold(const Walk& walk, const Interner& interner) const noexcept;
  const Walk& walk_from(NativeCodes& codes, Interner& interner, const void* frame, const uint8_t* tstate,
                        bool whole) noexcept;
  void walk(NativeCodes& codes, Interner& interner, Registers at, const uint8_t* tstate, bool whole,
            Walk& done) noexcept;
  bool goes_on_as_before(const Frame& from, uint32_t& differs) const noexcept;
  void join(Interner& interner, uint32_t known, uint32_t fresh, StackId outermost) noexcept;
  void tell(Walk& done, bool whole) noexcept;

  Tables tables_;
  uint32_t turn_ = 0;   // the way of a set that is overwritten next
  Recent<Read> reads_;  // of walks; in the mapping of tables_, and so are
  Recent<StackId> runs_;
  StackId last_combined_{};  // of these two:
  StackId last_python_{};
  StackId last_chain_{};
  StackId last_node_{};
  uint32_t size_ = 0;        // frames of the last walk
  uint32_t generation_ = 0;  // of the code that they ran
  uint32_t last_number_ = 0;
};

}  // namespace cistern::preload
