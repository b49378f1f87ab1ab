// The Python stack of the running thread, as a node of the stack tree.
//
// Each thread keeps a shadow stack: the frames that it saw last, with their positions and nodes. A capture compares
// every frame of the chain with it, down to the root, and resolves only the frames above the outermost change.
// Comparing only the innermost frames would be wrong: a function that is called again from another line usually has its
// frame at the same address. Cost when nothing changed: six to seven instructions a frame.
//
//     chain of frames        shadow stack            after the capture
//     (innermost)
//     h at 0x30, new         -                       resolve: frame cache, else interner
//     g at 0x20, moved       g, position, node  <-   deepest change: resolve from here on
//     f at 0x10              f, position, node       unchanged: node kept
//     (root)
//
// One object for each thread; used by that thread only. Its memory is mapped with the first frame.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/capture/awaiting.h"
#include "preload/capture/frame_cache.h"
#include "preload/capture/frame_reader.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

class PythonStack {
 public:
  // Returns the node of the stack from `innermost` on: the thread's innermost frame, or nullptr. `base_now` is the node
  // that the outermost frame is called from. It is read after the interner's epoch, because it is replaced before the
  // epoch advances. Sets `root_changed` when the outermost frame is not the one of the last call. `tstate` and
  // `gil_held`: see Awaiting::update(). Requires that the frames are the calling thread's.
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

  // Returns the outermost frame's code object; nullptr when there was no frame.
  const uint8_t* root_code() const noexcept;

  // The shadow stack: the frames of the last capture, outermost first. Requires i < size().
  uint32_t size() const noexcept { return size_; }
  const ShadowFrame& frame(uint32_t i) const noexcept { return frames_[i]; }
  // Returns how many of the outermost frames did not change since the last call of this function. The stack may be
  // shorter than that now.
  uint32_t take_unchanged() noexcept {
    const uint32_t bytes = unchanged_bytes_;
    unchanged_bytes_ = UINT32_MAX;
    return bytes / sizeof(ShadowFrame);
  }

  // Index of the frame that the frames which await the running task are inserted below; UINT32_MAX: nothing awaits it.
  // As of the last capture.
  uint32_t attached_at() const noexcept { return attached_at_; }
  // Returns the node of the innermost of those frames, when the outermost one is called from `caller`.
  StackId with_awaiting(Interner& interner, StackId caller) noexcept { return awaiting_.extend(interner, caller); }

  // For another thread: forgets the shadow stack. Keeps the memory.
  void reset() noexcept {
    forget();
    root_ = nullptr;
  }

 private:
  // `kTasks`: the frames that await the running task are part of the stack.
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
  // Not inlined, so that the code of the hooks stays small.
  [[gnu::noinline]] StackId capture_other(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                          bool& root_changed) noexcept;
  template <Positions kPositions>
  [[gnu::noinline]] StackId capture_out_of_line(const Interpreter& python, Interner& interner, const uint8_t* innermost,
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
  static void remember(const Reader& read, ShadowFrame& seen, const uint8_t* frame) noexcept;
  ShadowFrame* find_near_top(const uint8_t* frame) const noexcept;
  void extend_used(uint32_t size) noexcept;
  ShadowFrame* update_attachment(ShadowFrame* deepest) noexcept;
  template <Positions kPositions, bool kTasks>
  StackId resolve_from(const Interpreter& python, Interner& interner, ShadowFrame* deepest) noexcept;
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
  void release() noexcept;
  void forget() noexcept {
    root_reset_ = true;
    size_ = used_ = unchanged_bytes_ = 0;
    attached_at_ = kNotAttached;
    awaiting_.forget();
  }
  // Returns the index of the outermost entry that is no entry frame; size_ when there is none.
  uint32_t root() const noexcept;
  bool root_may_differ(const ShadowFrame* deepest) const noexcept;
  bool notice_root() noexcept;

  static constexpr uint32_t kNotAttached = UINT32_MAX;
  static constexpr uint32_t kNear = 4;  // match() looks for a frame among so many innermost entries
  static size_t mapped_bytes(uint32_t capacity) noexcept { return (capacity + kNear) * sizeof(ShadowFrame); }

  ShadowFrame* frames_ = nullptr;
  uint32_t size_ = 0;
  uint32_t used_ = 0;  // entries with valid content; those beyond size_ are of an earlier, deeper stack
  uint32_t capacity_ = 0;
  uint32_t unchanged_bytes_ = 0;  // what take_unchanged() returns, in bytes
  FrameCache frame_cache_;        // mapped with the first frame
  uint32_t epoch_ = 0;
  StackId base_{};
  StackId last_node_{};            // that was found last, in any stack
  const uint8_t* root_ = nullptr;  // the outermost frame's code, as last compared
  uint32_t root_at_ = 0;           // its index then
  bool root_reset_ = false;
  bool awaiting_changed_ = false;  // what awaits the running task has changed since the frames were resolved
  uint32_t attached_at_ = kNotAttached;
  Awaiting awaiting_;
};

}  // namespace cistern::preload
