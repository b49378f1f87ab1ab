// A whole stack, native and Python frames together: each run of native frames above the Python frame that called it.
// The Python stack is captured first, the native runs too; each call of the evaluation function is one run on the one
// side and one entry on the other.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/capture/native_stack.h"
#include "preload/capture/python_stack.h"

namespace cistern::preload {

class MixedStack {
 public:
  // The node of the whole stack of a thread with the state `tstate`, whose Python stack was just captured from it, as
  // `plain`, over `base`.
  StackId capture(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                  StackId plain, StackId base, const NativeRuns& runs) noexcept;

  // The same for a thread that has no Python frames, or whose Python frames are not read.
  StackId capture_native(Interner& interner, StackId base, const NativeRuns& runs) noexcept;
  // How many calls of the evaluation function had only a frame of the one kind, at the last call.
  uint32_t unmatched() const noexcept { return unmatched_; }

  // The same, by nothing that was remembered, for comparison.
  static StackId full_weave(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                            StackId plain, StackId base, const NativeRuns& runs) noexcept;

  // For another thread, and in a forked child: forgets what was seen. Keeps its memory.
  void reset() noexcept { used_ = valid_ = 0; }
  void give_back() noexcept;

 private:
  // What became of the frame at this depth: the node of its callers, the native run between, and the frame's node.
  struct Seen {
    StackId before;
    StackId run;
    StackId plain;
    StackId node;
    uint32_t entries;  // calls of the evaluation function from the root to here
  };

  StackId weave(const Interpreter& python, Interner& interner, PythonStack& stack, uint32_t depth, StackId before,
                StackId run) noexcept;
  StackId over(Interner& interner, StackId node, StackId run) noexcept;
  bool same_entries(const PythonLayout& layout, const uint8_t* tstate) noexcept;
  bool same_runs(const NativeRuns& runs, uint32_t entries) noexcept;
  uint32_t entries_below(uint32_t depth) const noexcept { return depth == 0 ? 0 : seen_[depth - 1].entries; }
  bool ensure(uint32_t frames) noexcept;

  static constexpr uint32_t kKnownRuns = 64;

  Seen* seen_ = nullptr;
  uint32_t used_ = 0;
  uint32_t valid_ = 0;  // of the outermost frames: what was found at the last call, in the order of that
  StackId base_{};
  StackId runs_[kKnownRuns] = {};            // that they were combined with, from the innermost one
  const uint8_t* left_by_[kKnownRuns] = {};  // see entry_frames.h
  uint32_t left_count_ = 0;
  uint32_t run_count_ = 0;
  uint32_t entries_ = 0;
  uint32_t number_ = 0;  // of the walk that they came from
  uint32_t capacity_ = 0;
  uint32_t unmatched_ = 0;
  StackId last_node_{};
};

}  // namespace cistern::preload
