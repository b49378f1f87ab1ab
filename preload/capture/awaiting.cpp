#include "preload/capture/awaiting.h"

#include <cstring>

#include "preload/base/memory.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint16_t kWord = 8;

constexpr NodeKey kSeveral{NodeKind::kAwaiting, 0, 0};
constexpr NodeKey kCut{NodeKind::kTruncated, static_cast<uint32_t>(TruncationReason::kDepth), 0};
constexpr NodeKey kUnknownFrame{NodeKind::kUnknown, 0, 0};

// The byte at `offset` from a place, of the aligned word around it.
constexpr uint64_t byte_mask(uint16_t offset) noexcept {
  return uint64_t{0xff} << (offset % kWord * 8);
}
constexpr uint8_t byte_of(uint64_t word, uint16_t offset) noexcept {
  return static_cast<uint8_t>(word >> (offset % kWord * 8));
}

// Whether a type is _asyncio.Task itself.
bool is_asyncio_task(const TaskLayout& layout, const uint8_t* type) noexcept {
  return load<uint64_t>(type, kTypeBasicSize) == layout.task_bytes &&
         (load<uint64_t>(type, kTypeFlags) & kImmutableType) != 0 &&
         std::strcmp(reinterpret_cast<const char*>(load_pointer(type, kTypeName)), "_asyncio.Task") == 0;
}

}  // namespace

// The running task may be any object (_asyncio._enter_task): one of Python's own is laid out otherwise. A class derived
// from _asyncio.Task has it among its `tp_base`s, also where it has several bases: its objects begin as that one's.
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
  task_ = awaiter_ = joint_ = nullptr;
  task_dealloc_ = kNoFrame;
  read_count_ = key_count_ = group_count_ = 0;
  over_known_ = false;
}

void Awaiting::give_back() noexcept {
  if (room_ != nullptr) unmap_memory(room_, sizeof(Room));
}

uint64_t Awaiting::note(const uint8_t* place, uint64_t mask) noexcept {
  const uint64_t word = load<uint64_t>(place, 0) & mask;
  room_->reads[read_count_++] = Read{place, word, mask};
  return word;
}

// The first of the awaiters is the running task.
bool Awaiting::seen(const uint8_t* awaiter) const noexcept {
  for (uint32_t i = 0; i < awaiter_count_; ++i) {
    if (room_->awaiters[i] == awaiter) return true;
  }
  return false;
}

// Whether the chain that was read for another task that the same awaits is this one's, too: not where it ended at that
// task, or would end at this one.
bool Awaiting::serves(const uint8_t* task) noexcept {
  if (closed_ || seen(task)) return false;
  room_->awaiters[0] = read_for_ = task;
  return true;
}

// Requires room for one key.
void Awaiting::add_group(const NodeKey& key) noexcept {
  room_->groups[group_count_++] = key_count_;
  room_->keys[key_count_++] = key;
}

// A set of one is what is left of several, or the same one twice. Several have no order of their own, and to choose one
// of them would be a lie: a word stands for them, and what awaits them is not looked at.
Awaiting::Reach Awaiting::read_set(const TaskLayout& layout, const uint8_t*& awaiter) noexcept {
  constexpr uint64_t kMaxSlots = 4096;
  constexpr uint64_t kSlotBytes = 16;  // setentry: key, hash; -1 is no object's hash but that of a place left empty
  const uint64_t used = note(awaiter + layout.set_used);
  if (used == 0) return Reach::kEnds;
  const uint64_t slots = load<uint64_t>(awaiter, layout.set_mask) + 1;
  const uint8_t* const table = note_pointer(awaiter, layout.set_table);
  for (uint64_t i = 0; used == 1 && i < slots && i < kMaxSlots; ++i) {
    const uint8_t* const slot = table + i * kSlotBytes;
    if (load_pointer(slot, 0) == nullptr || load<int64_t>(slot, kWord) == -1) continue;
    note(slot + kWord);
    awaiter = note_pointer(slot, 0);
    return Reach::kGoesOn;
  }
  add_group(kSeveral);
  return Reach::kEnds;
}

// Frames of coroutines, and of generators that stand for one (types.coroutine, __await__), from the outermost on.
Awaiting::Reach Awaiting::read_frames(const Interpreter& python, Interner& interner,
                                      const uint8_t* coroutine) noexcept {
  const TaskLayout& layout = *python.tasks;
  const FrameReader<Positions::kInCode> reader(*python.layout);
  const uint32_t first = key_count_;
  while (coroutine != nullptr) {
    const uint8_t* const type = note_pointer(coroutine, python.type_offset);
    if (type != python.coroutine_type && type != python.generator_type) break;
    const uint16_t aligned = layout.frame_state / kWord * kWord;
    const auto state =
        static_cast<int8_t>(byte_of(note(coroutine + aligned, byte_mask(layout.frame_state)), layout.frame_state));
    if (state == layout.executing || key_count_ + 1 == kMaxFrames) {
      key_count_ = first;
      return state == layout.executing ? Reach::kEnds : Reach::kCut;
    }
    if (state < layout.created || state > layout.awaiting) break;
    const uint8_t* const frame = coroutine + layout.frame;
    const uint64_t position = note(frame + reader.position);
    const uint8_t* const code = reader.code_of(frame);
    const CodeId id = interner.code(python, code);
    room_->keys[key_count_++] = raw(id) == 0 || id == Interner::kNoCode
                                    ? kUnknownFrame
                                    : NodeKey{NodeKind::kAwaiting, raw(id), offset_of(*python.layout, code, position)};
    if (state != layout.awaiting) break;
    const uint8_t* const stack = load_pointer(frame, layout.stack_pointer);
    coroutine = FrameReader<Positions::kInCode>::untagged(note(stack - layout.awaited_below));
  }
  return Reach::kGoesOn;
}

// A future or a task, and what awaits that one. One that runs has its frames on the thread's own chain already.
Awaiting::Reach Awaiting::read_awaiter(const Interpreter& python, Interner& interner, const uint8_t*& awaiter,
                                       bool& is_set) noexcept {
  const TaskLayout& layout = *python.tasks;
  const uint16_t aligned = layout.is_task / kWord * kWord;
  const uint64_t flags = note(awaiter + aligned, byte_mask(layout.is_task) | byte_mask(layout.awaited_by_is_set));
  if (byte_of(flags, layout.is_task) != 0) {
    room_->groups[group_count_] = key_count_;
    const Reach reach = read_frames(python, interner, note_pointer(awaiter, layout.coroutine));
    if (reach != Reach::kGoesOn) return reach;
    group_count_ += key_count_ != room_->groups[group_count_] ? 1 : 0;
  }
  is_set = byte_of(flags, layout.awaited_by_is_set) != 0;
  awaiter = note_pointer(awaiter, layout.awaited_by);
  return Reach::kGoesOn;
}

void Awaiting::read(const Interpreter& python, Interner& interner, const uint8_t* task, const uint8_t* awaiter,
                    bool is_set) noexcept {
  read_count_ = key_count_ = group_count_ = 0;
  over_known_ = closed_ = false;
  awaiter_ = nullptr;
  if (room_ == nullptr) room_ = static_cast<Room*>(map_memory(sizeof(Room)));
  if (room_ == nullptr) return;
  awaiter_ = awaiter;
  is_set_ = is_set;
  room_->awaiters[0] = read_for_ = task;
  awaiter_count_ = 1;
  Reach reach = Reach::kGoesOn;
  while (awaiter != nullptr && reach == Reach::kGoesOn) {
    if (is_set && read_set(*python.tasks, awaiter) == Reach::kEnds) return;
    closed_ = seen(awaiter);
    if (closed_) return;
    room_->awaiters[awaiter_count_++] = awaiter;
    reach = awaiter_count_ > kMaxTasks ? Reach::kCut : read_awaiter(python, interner, awaiter, is_set);
  }
  if (reach == Reach::kCut) add_group(kCut);
}

// From the outermost task to the one that awaits the running one.
StackId Awaiting::over(Interner& interner, StackId caller) noexcept {
  if (over_known_ && caller == over_caller_) return over_node_;
  StackId node = caller;
  uint32_t end = key_count_;
  for (uint32_t group = group_count_; group-- != 0; end = room_->groups[group]) {
    for (uint32_t i = room_->groups[group]; i < end; ++i) {
      node = last_node_ = interner.node_after(last_node_, node, room_->keys[i]);
    }
  }
  over_known_ = true;
  over_caller_ = caller;
  over_node_ = node;
  return node;
}

}  // namespace cistern::preload
