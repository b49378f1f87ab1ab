// What awaits asyncio's running task (CPython 3.14 and later): the suspended coroutine frames of the task that awaits
// it, of the task that awaits that one, and so on. No thread's chain of frames has them. A recorded stack has them
// below the outermost frame of the running task's coroutine, the attach point.
//
// Everything is read from memory. An object is read only while something holds a reference to it: the thread state
// refers to the running task, a task to its awaiter and to its coroutine, a suspended frame to what it waits for.
// Nobody changes these references while this thread holds the GIL inside the recorder.
//
// The words that were read are remembered in their order. If all of them are unchanged, so is the chain: each word
// lies where it was read because the words before it are unchanged. One object for each thread; its memory is mapped
// when a task with an awaiter is found first.
#pragma once

#include <cstdint>

#include "preload/capture/frame_reader.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

class Awaiting {
 public:
  // Reads what awaits the running task of the calling thread, whose state is `tstate`. `gil_held`: the thread is known
  // to hold the GIL. If false, this is checked; without the GIL nothing is read, and the chain of the last call is kept
  // if the task is the same. Returns whether nothing changed since the last call; always false for a chain where frees
  // of code objects are not seen. Requires FrameWalk::kWithTasks.
  [[gnu::always_inline]] bool update(const Interpreter& python, Interner& interner, const uint8_t* tstate,
                                     bool gil_held) noexcept {
    const TaskLayout& layout = *python.tasks;
    const uint8_t* const task = tstate == nullptr ? nullptr : load_pointer(tstate, layout.running_task);
    if (task == nullptr) return detach(nullptr);
    if (!gil_held && python.holder() != tstate) return task == task_ || detach(nullptr);
    if (!is_task(python, task)) return detach(task);
    const uint8_t* const awaiter = load_pointer(task, layout.awaited_by);
    const uint8_t* const coroutine = load_pointer(task, layout.coroutine);
    if (awaiter == nullptr || coroutine == nullptr) return detach(task);
    const bool is_set = load<uint8_t>(task, layout.awaited_by_is_set) != 0;
    const bool same = awaiter == awaiter_ && is_set == is_set_ && (task == chain_task_ || also_applies_to(task)) &&
                      reads_unchanged() && interner.codes_watched();
    if (!same) read(python, interner, task, awaiter, is_set);
    const uint8_t* const attach_point = key_count_ == 0 ? nullptr : coroutine + layout.frame;
    task_ = task;
    if (same && attach_point == attach_point_) return true;
    attach_point_ = attach_point;
    return false;
  }

  // The outermost frame of the running task's coroutine, whether or not it is on the thread's chain; nullptr: nothing
  // awaits the task.
  const uint8_t* attach_point() const noexcept { return attach_point_; }
  // Returns the node of the innermost awaiting frame, when the outermost one is called from `caller`.
  StackId extend(Interner& interner, StackId caller) noexcept;

  // Forgets the chain, because ids or addresses may now mean something else. Keeps the memory.
  void forget() noexcept;
  void release() noexcept;

 private:
  static constexpr uint32_t kMaxTasks = 64;    // tasks and futures in a chain; those further out are cut off
  static constexpr uint32_t kMaxFrames = 256;  // of all tasks of a chain
  static constexpr uint32_t kMaxReads = 4 * kMaxFrames + 8 * kMaxTasks;

  // A word that was read for the chain; only the bits of `mask` count.
  struct Read {
    const uint8_t* place;
    uint64_t word;
    uint64_t mask;
  };
  struct Buffers {
    Read reads[kMaxReads];
    NodeKey keys[kMaxFrames];                // tasks from the innermost on; of each task the outermost frame first
    uint32_t groups[kMaxTasks + 1];          // index of each task's first key
    const uint8_t* awaiters[kMaxTasks + 1];  // the running task, its awaiter, and so on
  };
  enum class Progress : uint8_t { kContinue, kEnd, kTooDeep };

  // `task` has no awaiter. Returns whether this was so at the last call.
  bool detach(const uint8_t* task) noexcept {
    task_ = task;
    if (attach_point_ == nullptr) return true;
    attach_point_ = nullptr;
    return false;
  }
  bool also_applies_to(const uint8_t* task) noexcept;
  bool reads_unchanged() const noexcept {
    const Read* const end = buffers_->reads + read_count_;
    for (const Read* read = buffers_->reads; read != end; ++read) {
      if ((load<uint64_t>(read->place, 0) & read->mask) != read->word) return false;
    }
    return true;
  }
  bool is_task(const Interpreter& python, const uint8_t* object) noexcept {
    const uint8_t* const type = load_pointer(object, python.type_offset);
    return __builtin_expect(load_pointer(type, kTypeDealloc) == task_dealloc_, 1) || is_task_type(python, type);
  }
  bool is_task_type(const Interpreter& python, const uint8_t* type) noexcept;
  void read(const Interpreter& python, Interner& interner, const uint8_t* task, const uint8_t* awaiter,
            bool is_set) noexcept;
  Progress read_awaiter(const Interpreter& python, Interner& interner, const uint8_t*& awaiter, bool& is_set) noexcept;
  Progress read_frames(const Interpreter& python, Interner& interner, const uint8_t* coroutine) noexcept;
  Progress read_set(const TaskLayout& layout, const uint8_t*& awaiter) noexcept;
  bool is_in_chain(const uint8_t* awaiter) const noexcept;
  void add_group(const NodeKey& key) noexcept;
  uint64_t record_read(const uint8_t* place, uint64_t mask = UINT64_MAX) noexcept;
  const uint8_t* record_pointer(const uint8_t* base, uint16_t offset) noexcept {
    return reinterpret_cast<const uint8_t*>(record_read(base + offset));
  }

  Buffers* buffers_ = nullptr;
  uint32_t read_count_ = 0;
  uint32_t key_count_ = 0;
  uint32_t group_count_ = 0;
  uint32_t awaiter_count_ = 0;
  bool is_set_ = false;
  bool ends_in_cycle_ = false;  // the chain ended at a task that it already has
  bool extended_known_ = false;
  const uint8_t* task_ = nullptr;        // the running task of the last call
  const uint8_t* awaiter_ = nullptr;     // the first awaiter of the chain; nullptr: no chain was read
  const uint8_t* chain_task_ = nullptr;  // the task that the chain was read for or last used for
  const uint8_t* attach_point_ = nullptr;
  const uint8_t* task_dealloc_ = kNoFrame;  // TaskObj_dealloc, which identifies the type; kNoFrame: not known yet
  StackId extended_caller_{};               // of the last extend()
  StackId extended_node_{};
  StackId last_node_{};
};

}  // namespace cistern::preload
