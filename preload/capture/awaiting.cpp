#include "preload/capture/awaiting.h"

#include <cstring>

#include "preload/base/memory.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint16_t kWord = 8;

constexpr NodeKey kSeveralAwaiters{NodeKind::kAwaiting, 0, 0};
constexpr NodeKey kTooDeep{NodeKind::kTruncated, static_cast<uint32_t>(TruncationReason::kDepth), 0};
constexpr NodeKey kUnknownFrame{NodeKind::kUnknown, 0, 0};

// A mask of the byte at `offset`, and that byte, in the aligned word around it.
constexpr uint64_t byte_mask(uint16_t offset) noexcept {
  return uint64_t{0xff} << (offset % kWord * 8);
}
constexpr uint8_t byte_of(uint64_t word, uint16_t offset) noexcept {
  return static_cast<uint8_t>(word >> (offset % kWord * 8));
}

// Whether the type is _asyncio.Task itself, not a class derived from it.
bool is_asyncio_task(const TaskLayout& layout, const uint8_t* type) noexcept {
  return load<uint64_t>(type, kTypeBasicSize) == layout.task_bytes &&
         (load<uint64_t>(type, kTypeFlags) & kImmutableType) != 0 &&
         std::strcmp(reinterpret_cast<const char*>(load_pointer(type, kTypeName)), "_asyncio.Task") == 0;
}

}  // namespace

// The running task may be any object (_asyncio._enter_task), such as a task written in Python, which has another
// layout. A class derived from _asyncio.Task has it in its chain of `tp_base`, even if it has several bases, and its
// objects begin like a TaskObj.
bool Awaiting::is_task_type(const Interpreter& python, const uint8_t* type) noexcept {
  for (; type != nullptr; type = load_pointer(type, kTypeBase)) {
    const uint8_t* const dealloc = load_pointer(type, kTypeDealloc);
    if (dealloc == task_dealloc_) return true;
    if (!is_asyncio_task(*python.tasks, type)) continue;
    task_dealloc_ = dealloc;
    return true;
  }
  return false;
}

void Awaiting::forget() noexcept {
  task_ = awaiter_ = attach_point_ = nullptr;
  task_dealloc_ = kNoFrame;
  read_count_ = key_count_ = group_count_ = 0;
  extended_known_ = false;
}

void Awaiting::release() noexcept {
  if (buffers_ != nullptr) unmap_memory(buffers_, sizeof(Buffers));
}

uint64_t Awaiting::record_read(const uint8_t* place, uint64_t mask) noexcept {
  const uint64_t word = load<uint64_t>(place, 0) & mask;
  buffers_->reads[read_count_++] = Read{place, word, mask};
  return word;
}

// Whether an object is the running task, which is the first of `awaiters`, or is already in the chain.
bool Awaiting::is_in_chain(const uint8_t* awaiter) const noexcept {
  for (uint32_t i = 0; i < awaiter_count_; ++i) {
    if (buffers_->awaiters[i] == awaiter) return true;
  }
  return false;
}

// Whether the chain that was read for another task with the same awaiter is also the chain of `task`. It is not if it
// ended at that other task, or if it would end at `task`.
bool Awaiting::also_applies_to(const uint8_t* task) noexcept {
  if (ends_in_cycle_ || is_in_chain(task)) return false;
  buffers_->awaiters[0] = chain_task_ = task;
  return true;
}

// Adds a group of one key. Requires that there is space for a key.
void Awaiting::add_group(const NodeKey& key) noexcept {
  buffers_->groups[group_count_++] = key_count_;
  buffers_->keys[key_count_++] = key;
}

// Reads a set of awaiters. Of a set with one member, `awaiter` becomes that member. Several awaiters have no order, and
// choosing one would be wrong: one node stands for all of them, and the chain ends there.
Awaiting::Progress Awaiting::read_set(const TaskLayout& layout, const uint8_t*& awaiter) noexcept {
  constexpr uint64_t kMaxSlots = 4096;
  constexpr uint64_t kSlotBytes = 16;  // setentry: key, hash; the hash of a deleted entry is -1
  const uint64_t used = record_read(awaiter + layout.set_used);
  if (used == 0) return Progress::kEnd;
  const uint64_t slots = load<uint64_t>(awaiter, layout.set_mask) + 1;
  const uint8_t* const table = record_pointer(awaiter, layout.set_table);
  for (uint64_t i = 0; used == 1 && i < slots && i < kMaxSlots; ++i) {
    const uint8_t* const slot = table + i * kSlotBytes;
    if (load_pointer(slot, 0) == nullptr || load<int64_t>(slot, kWord) == -1) continue;
    record_read(slot + kWord);
    awaiter = record_pointer(slot, 0);
    return Progress::kContinue;
  }
  add_group(kSeveralAwaiters);
  return Progress::kEnd;
}

// Reads the frames of a coroutine and of those that it awaits, from the outermost on. Generators that stand for
// coroutines (types.coroutine, __await__) are among them.
Awaiting::Progress Awaiting::read_frames(const Interpreter& python, Interner& interner,
                                         const uint8_t* coroutine) noexcept {
  const TaskLayout& layout = *python.tasks;
  const FrameReader<Positions::kInCode> reader(*python.layout);
  const uint32_t first = key_count_;
  while (coroutine != nullptr) {
    const uint8_t* const type = record_pointer(coroutine, python.type_offset);
    if (type != python.coroutine_type && type != python.generator_type) break;
    const uint16_t aligned = layout.frame_state / kWord * kWord;
    const auto state = static_cast<int8_t>(
        byte_of(record_read(coroutine + aligned, byte_mask(layout.frame_state)), layout.frame_state));
    if (state == layout.executing || key_count_ + 1 == kMaxFrames) {
      key_count_ = first;
      return state == layout.executing ? Progress::kEnd : Progress::kTooDeep;
    }
    if (state < layout.created || state > layout.awaiting) break;
    const uint8_t* const frame = coroutine + layout.frame;
    const uint64_t position = record_read(frame + reader.position);
    const uint8_t* const code = reader.code_of(frame);
    const CodeId id = interner.code(python, code);
    buffers_->keys[key_count_++] =
        raw(id) == 0 || id == Interner::kNoCode
            ? kUnknownFrame
            : NodeKey{NodeKind::kAwaiting, raw(id), offset_of(*python.layout, code, position)};
    if (state != layout.awaiting) break;
    const uint8_t* const stack = load_pointer(frame, layout.stack_pointer);
    coroutine = FrameReader<Positions::kInCode>::untagged(record_read(stack - layout.awaited_below));
  }
  return Progress::kContinue;
}

// Reads a future or a task; `awaiter` becomes its awaiter. A task that runs has its frames on the thread's chain
// already.
Awaiting::Progress Awaiting::read_awaiter(const Interpreter& python, Interner& interner, const uint8_t*& awaiter,
                                          bool& is_set) noexcept {
  const TaskLayout& layout = *python.tasks;
  const uint16_t aligned = layout.is_task / kWord * kWord;
  const uint64_t flags =
      record_read(awaiter + aligned, byte_mask(layout.is_task) | byte_mask(layout.awaited_by_is_set));
  if (byte_of(flags, layout.is_task) != 0) {
    buffers_->groups[group_count_] = key_count_;
    const Progress progress = read_frames(python, interner, record_pointer(awaiter, layout.coroutine));
    if (progress != Progress::kContinue) return progress;
    group_count_ += key_count_ != buffers_->groups[group_count_] ? 1 : 0;
  }
  is_set = byte_of(flags, layout.awaited_by_is_set) != 0;
  awaiter = record_pointer(awaiter, layout.awaited_by);
  return Progress::kContinue;
}

void Awaiting::read(const Interpreter& python, Interner& interner, const uint8_t* task, const uint8_t* awaiter,
                    bool is_set) noexcept {
  read_count_ = key_count_ = group_count_ = 0;
  extended_known_ = ends_in_cycle_ = false;
  awaiter_ = nullptr;
  if (buffers_ == nullptr) buffers_ = static_cast<Buffers*>(map_memory(sizeof(Buffers)));
  if (buffers_ == nullptr) return;
  awaiter_ = awaiter;
  is_set_ = is_set;
  buffers_->awaiters[0] = chain_task_ = task;
  awaiter_count_ = 1;
  Progress progress = Progress::kContinue;
  while (awaiter != nullptr && progress == Progress::kContinue) {
    if (is_set && read_set(*python.tasks, awaiter) == Progress::kEnd) return;
    ends_in_cycle_ = is_in_chain(awaiter);
    if (ends_in_cycle_) return;
    buffers_->awaiters[awaiter_count_++] = awaiter;
    progress = awaiter_count_ > kMaxTasks ? Progress::kTooDeep : read_awaiter(python, interner, awaiter, is_set);
  }
  if (progress == Progress::kTooDeep) add_group(kTooDeep);
}

// Groups are defined from the outermost task to the one that awaits the running task.
StackId Awaiting::extend(Interner& interner, StackId caller) noexcept {
  if (extended_known_ && caller == extended_caller_) return extended_node_;
  StackId node = caller;
  uint32_t end = key_count_;
  for (uint32_t group = group_count_; group-- != 0; end = buffers_->groups[group]) {
    for (uint32_t i = buffers_->groups[group]; i < end; ++i) {
      node = last_node_ = interner.node_after(last_node_, node, buffers_->keys[i]);
    }
  }
  extended_known_ = true;
  extended_caller_ = caller;
  extended_node_ = node;
  return node;
}

}  // namespace cistern::preload
