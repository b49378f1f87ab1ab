// What awaits asyncio's running task (CPython 3.14 and later): the suspended coroutine frames of the task that awaits
// it, of what awaits that one, and so on. They lie on no thread's chain of frames; a stack has them below the outermost
// frame of the running task's coroutine.
//
// All of it is read from memory, and only where it cannot be gone: the thread state holds a reference to the running
// task, a task to what awaits it and to its coroutine, a suspended frame to what it waits for; nobody changes that
// while this thread holds the GIL and runs the recorder. A thread remembers each word that it read, in that order: the
// same words are the same chain, and each is where it was because those before it are as they were. One owner a thread;
// its memory is mapped when a task is first found awaited.
#pragma once

#include <cstdint>

#include "preload/capture/frame_reader.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"

namespace cistern::preload {

class Awaiting {
 public:
  // Looks at what awaits the running task of the calling thread, whose state is `tstate`. `gil_held`: it is known to
  // hold the GIL; else that is found out, and without it what was seen of the same task counts. Requires FrameWalk::
  // kWithTasks. Returns whether everything is as it was at the last call; where frees of code objects are not seen, no
  // chain is.
  [[gnu::always_inline]] bool look(const Interpreter& python, Interner& interner, const uint8_t* tstate,
                                   bool gil_held) noexcept {
    const TaskLayout& layout = *python.tasks;
    const uint8_t* const task = tstate == nullptr ? nullptr : load_pointer(tstate, layout.running_task);
    if (task == nullptr) return expect_none(nullptr);
    if (!gil_held && python.holder() != tstate) return task == task_ || expect_none(nullptr);
    if (!is_task(python, task)) return expect_none(task);
    const uint8_t* const awaiter = load_pointer(task, layout.awaited_by);
    const uint8_t* const coroutine = load_pointer(task, layout.coroutine);
    if (awaiter == nullptr || coroutine == nullptr) return expect_none(task);
    const bool is_set = load<uint8_t>(task, layout.awaited_by_is_set) != 0;
    const bool same = awaiter == awaiter_ && is_set == is_set_ && (task == read_for_ || serves(task)) && holds() &&
                      interner.codes_watched();
    if (!same) read(python, interner, task, awaiter, is_set);
    const uint8_t* const joint = key_count_ == 0 ? nullptr : coroutine + layout.frame;
    task_ = task;
    if (same && joint == joint_) return true;
    joint_ = joint;
    return false;
  }

  // The frame, on the thread's own chain or not, whose caller's place they take; nullptr: nothing awaits the task.
  const uint8_t* joint() const noexcept { return joint_; }
  // The node of the innermost of them, with the outermost one called from `caller`.
  StackId over(Interner& interner, StackId caller) noexcept;

  // What was remembered may be void: ids or addresses mean something else. Keeps the memory.
  void forget() noexcept;
  void give_back() noexcept;

 private:
  static constexpr uint32_t kMaxTasks = 64;    // and futures, one awaiting the other; those further out are cut
  static constexpr uint32_t kMaxFrames = 256;  // of all of them
  static constexpr uint32_t kMaxReads = 4 * kMaxFrames + 8 * kMaxTasks;

  // A word that the chain depended on, as far as `mask` says.
  struct Read {
    const uint8_t* place;
    uint64_t word;
    uint64_t mask;
  };
  struct Room {
    Read reads[kMaxReads];
    NodeKey keys[kMaxFrames];                // those of the innermost task first, in each the outermost frame first
    uint32_t groups[kMaxTasks + 1];          // where those of a task begin
    const uint8_t* awaiters[kMaxTasks + 1];  // the running task, and on from there
  };
  enum class Reach : uint8_t { kGoesOn, kEnds, kCut };

  bool expect_none(const uint8_t* task) noexcept {
    task_ = task;
    if (joint_ == nullptr) return true;
    joint_ = nullptr;
    return false;
  }
  bool serves(const uint8_t* task) noexcept;
  bool holds() const noexcept {
    const Read* const end = room_->reads + read_count_;
    for (const Read* read = room_->reads; read != end; ++read) {
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
  Reach read_awaiter(const Interpreter& python, Interner& interner, const uint8_t*& awaiter, bool& is_set) noexcept;
  Reach read_frames(const Interpreter& python, Interner& interner, const uint8_t* coroutine) noexcept;
  Reach read_set(const TaskLayout& layout, const uint8_t*& awaiter) noexcept;
  bool seen(const uint8_t* awaiter) const noexcept;
  void add_group(const NodeKey& key) noexcept;
  uint64_t note(const uint8_t* place, uint64_t mask = UINT64_MAX) noexcept;
  const uint8_t* note_pointer(const uint8_t* base, uint16_t offset) noexcept {
    return reinterpret_cast<const uint8_t*>(note(base + offset));
  }

  Room* room_ = nullptr;
  uint32_t read_count_ = 0;
  uint32_t key_count_ = 0;
  uint32_t group_count_ = 0;
  uint32_t awaiter_count_ = 0;
  bool is_set_ = false;
  bool closed_ = false;  // the chain ended where it came to a task again
  bool over_known_ = false;
  const uint8_t* task_ = nullptr;      // that ran at the last call
  const uint8_t* awaiter_ = nullptr;   // of the chain that was read last; nullptr: none was
  const uint8_t* read_for_ = nullptr;  // the task that it was read for, or last served
  const uint8_t* joint_ = nullptr;
  const uint8_t* task_dealloc_ = kNoFrame;  // TaskObj_dealloc, by which the type is known; kNoFrame: not seen yet
  StackId over_caller_{};                   // of the last over()
  StackId over_node_{};
  StackId last_node_{};
};

}  // namespace cistern::preload
