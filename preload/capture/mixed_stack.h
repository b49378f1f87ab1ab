// A whole stack with native and Python frames in the order of their calls. The Python stack and the native runs are
// captured first, each on its own. Each call of the evaluation function ends one native run and begins with one Python
// frame, the entry: so entry k from the inside is called by run k.
//
//     native frames, innermost first           Python frames            mixed stack
//       malloc, _ctypes ...     leaf                                    leaf
//       _PyEval_EvalFrame       ---- entry     g  (entry)               g
//       slot_call, PyObject_Call  outer[0]                              outer[0]
//       _PyEval_EvalFrame       ---- entry     f                        f
//                                              main  (entry)            main
//       Py_RunMain, main          outer[1]                              outer[1]
//
// One object for each thread. Its memory is mapped on first use.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/capture/native_stack.h"
#include "preload/capture/python_stack.h"

namespace cistern::preload {

class MixedStack {
 public:
  // Returns the node of the whole stack of the thread with the state `tstate`. `stack` was captured from it just now,
  // with the node `plain`, and is called from `base`, the stack that started the thread.
  StackId capture(const Interpreter& python, Interner& interner, const uint8_t* tstate, PythonStack& stack,
                  StackId plain, StackId base, const NativeRuns& runs) noexcept;

  // The same for a thread without Python frames, or whose Python frames are not read.
  StackId capture_native(Interner& interner, StackId base, const NativeRuns& runs) noexcept;
  // How many entries had no native run, or runs no entry, in the last stack.
  uint32_t unmatched() const noexcept { return unmatched_; }

  // The same without caches, for comparison.
  static StackId capture_uncached(const Interpreter& python, Interner& interner, const uint8_t* tstate,
                                  PythonStack& stack, StackId plain, StackId base, const NativeRuns& runs) noexcept;

  // For another thread, and in a forked child: forgets the last stack. Keeps the memory.
  void reset() noexcept { used_ = valid_ = 0; }
  void release() noexcept;

 private:
  // A Python frame of the last stack: its node `node`, found for the mixed stack `before` that it is called from, the
  // native run between them, and `plain`, its node in the Python stack.
  struct Level {
    StackId before;
    StackId run;
    StackId plain;
    StackId node;
    uint32_t entries;  // entries from the root to this frame
  };

  StackId node_at(const Interpreter& python, Interner& interner, PythonStack& stack, uint32_t depth, StackId before,
                  StackId run) noexcept;
  StackId append_run(Interner& interner, StackId node, StackId run) noexcept;
  bool same_entries(const PythonLayout& layout, const uint8_t* tstate) noexcept;
  bool same_runs(const NativeRuns& runs, uint32_t entries) noexcept;
  uint32_t entries_below(uint32_t depth) const noexcept { return depth == 0 ? 0 : levels_[depth - 1].entries; }
  bool ensure(uint32_t frames) noexcept;

  static constexpr uint32_t kKnownRuns = 64;

  Level* levels_ = nullptr;
  uint32_t used_ = 0;
  uint32_t valid_ = 0;  // this many outermost levels are those of the last stack
  StackId base_{};
  StackId runs_[kKnownRuns] = {};                    // of the last stack, innermost first
  const uint8_t* reentry_callers_[kKnownRuns] = {};  // see entry_frames.h
  uint32_t reentry_count_ = 0;
  uint32_t run_count_ = 0;
  uint32_t entries_ = 0;
  uint32_t number_ = 0;  // NativeRuns::number of the last stack
  uint32_t capacity_ = 0;
  uint32_t unmatched_ = 0;
  StackId last_node_{};
};

}  // namespace cistern::preload
