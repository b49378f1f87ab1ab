// The Python stack of the running thread, as a node of the stack tree. Each thread remembers the frames that it saw
// last; every frame is compared, down to the root (a function called again from another line has the same frame
// address), and only what lies above the deepest change is looked up again. Cost: six to seven instructions a frame
// when nothing changed.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/capture/awaiting.h"
#include "preload/capture/frame_reader.h"
#include "preload/capture/frame_cache.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

class PythonStack {
 public:
  // The stack from `innermost` (the thread's innermost frame, or nullptr) on, over `base`, the node that its outermost
  // frame is called from; it is read after the interner's epoch, since it is replaced before that. `root_changed` is
  // set when the outermost frame is not the one of the last call. `tstate` and `gil_held` are what Awaiting::look()
  // wants. Requires that the frames are this thread's.
  [[gnu::always_inline]] StackId capture(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                         const std::atomic<StackId>& base_now, bool& root_changed,
                                         const uint8_t* tstate = nullptr, bool gil_held = true) noexcept {
    const uint32_t epoch = interner.epoch();
    const StackId base = base_now.load(std::memory_order_relaxed);
    if (__builtin_expect(epoch != epoch_ || base != base_, 0)) {
      epoch_ = epoch;
      base_ = base;
      forget();
    }
    const FrameWalk walk = python.frame_walk();
    if (__builtin_expect(walk != FrameWalk::kPlain, 0)) {
      return walk == FrameWalk::kWithTasks
                 ? capture_with_tasks(python, interner, innermost, root_changed, tstate, gil_held)
                 : capture_other(python, interner, innermost, root_changed);
    }
    return capture_from<Positions::kInCode, false>(python, interner, innermost, root_changed);
  }

  // The outermost frame's code object; nullptr when there was no frame.
  const uint8_t* root_code() const noexcept;

  // What was seen at the last call, outermost first. Requires i < size().
  uint32_t size() const noexcept { return size_; }
  const ShadowFrame& frame(uint32_t i) const noexcept { return frames_[i]; }
  // How many of the outermost frames are as they were when this was asked last. The stack may be shorter now.
  uint32_t take_unchanged() noexcept {
    const uint32_t bytes = unchanged_bytes_;
    unchanged_bytes_ = UINT32_MAX;
    return bytes / sizeof(ShadowFrame);
  }

  // At which of them what awaits the running task joins, below it; none: UINT32_MAX. As of the last call.
  uint32_t joint() const noexcept { return joint_; }
  // The node that the frame there is called from, where its caller is `caller`.
  StackId with_awaiting(Interner& interner, StackId caller) noexcept { return awaiting_.over(interner, caller); }

  // For another thread: forgets what was seen. Keeps its memory.
  void reset() noexcept {
    forget();
    root_ = nullptr;
  }

 private:
  // `kTasks`: what awaits the running task is part of the stack.
  template <Positions kPositions, bool kTasks>
  [[gnu::always_inline]] StackId capture_from(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                              bool& root_changed) noexcept {
    // Most often nothing was called since the last event, or what was called has returned.
    if (size_ == 0 || frames_[size_ - 1].frame != innermost) {
      return capture_chain<kPositions, kTasks>(python, interner, innermost, root_changed);
    }
    ShadowFrame* const top = frames_ + size_ - 1;
    const FrameReader<kPositions> read(*python.layout);
    ShadowFrame* const change = first_change(read, top);
    if (__builtin_expect(change == frames_ && is_root(read, *change), 1)) return top->node;
    return capture_rest<kPositions, kTasks>(python, interner, change, root_changed);
  }
  // Apart, so that what is inlined is small.
  [[gnu::noinline]] StackId capture_other(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                          bool& root_changed) noexcept;
  template <Positions kPositions>
  [[gnu::noinline]] StackId capture_apart(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                          bool& root_changed) noexcept;
  [[gnu::noinline]] StackId capture_with_tasks(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                               bool& root_changed, const uint8_t* tstate, bool gil_held) noexcept;
  template <Positions kPositions, bool kTasks>
  [[gnu::noinline]] StackId capture_chain(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                          bool& root_changed) noexcept;
  template <Positions kPositions, bool kTasks>
  [[gnu::noinline]] StackId capture_rest(const Interpreter& python, Interner& interner, ShadowFrame* change,
                                         bool& root_changed) noexcept;
  template <Positions kPositions>
  bool match(const PythonLayout& layout, const uint8_t* innermost, ShadowFrame*& deepest) noexcept;
  template <Positions kPositions>
  bool rewalk(const PythonLayout& layout, const uint8_t* innermost) noexcept;
  template <typename Reader>
  static void see(const Reader& read, ShadowFrame& seen, const uint8_t* frame) noexcept;
  ShadowFrame* near_top(const uint8_t* frame) const noexcept;
  void use(uint32_t size) noexcept;
  ShadowFrame* rejoin(ShadowFrame* deepest) noexcept;
  template <Positions kPositions, bool kTasks>
  StackId settle(const Interpreter& python, Interner& interner, ShadowFrame* deepest) noexcept;
  template <Positions kPositions>
  StackId resolve(const Interpreter& python, Interner& interner, StackId node, ShadowFrame* first,
                  ShadowFrame* end) noexcept;
  CodeId id_of(const Interpreter& python, Interner& interner, const uint8_t* code) noexcept;
  template <Positions kPositions>
  StackId look_up(const Interpreter& python, Interner& interner, StackId caller, ShadowFrame& seen,
                  StackId& last) noexcept;
  StackId top() const noexcept { return frames_[size_ - 1].node; }
  bool ensure(uint32_t frames) noexcept { return frames <= capacity_ || grow(frames); }
  bool grow(uint32_t frames) noexcept;
  void give_back() noexcept;
  void forget() noexcept {
    root_unsure_ = true;
    size_ = used_ = unchanged_bytes_ = 0;
    joint_ = kNoJoint;
    awaiting_.forget();
  }
  // The outermost entry that is a frame of the program; size_ when there is none.
  uint32_t root() const noexcept;
  bool root_may_differ(const ShadowFrame* deepest) const noexcept;
  bool notice_root() noexcept;

  static constexpr uint32_t kNoJoint = UINT32_MAX;
  static constexpr uint32_t kNear = 4;  // so far from the top match() looks for a frame
  static size_t mapped_bytes(uint32_t capacity) noexcept { return (capacity + kNear) * sizeof(ShadowFrame); }

  ShadowFrame* frames_ = nullptr;
  uint32_t size_ = 0;
  uint32_t used_ = 0;  // entries that mean something: frames deeper than the stack is now were seen there
  uint32_t capacity_ = 0;
  uint32_t unchanged_bytes_ = 0;  // of the entries that take_unchanged() counts
  FrameCache known_;             // once there are frames
  uint32_t epoch_ = 0;
  StackId base_{};
  StackId last_node_{};            // that was looked up, in any of the stacks
  const uint8_t* root_ = nullptr;  // the outermost frame's code, as it was told last
  uint32_t root_at_ = 0;           // the entry that it was told of
  bool root_unsure_ = false;
  bool rejoins_ = false;  // what awaits the running task has changed since the frames were resolved
  uint32_t joint_ = kNoJoint;
  Awaiting awaiting_;
};

}  // namespace cistern::preload
