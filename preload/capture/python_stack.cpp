#include "preload/capture/python_stack.h"

#include <algorithm>
#include <utility>

#include "preload/base/memory.h"
#include "preload/capture/frame_reader.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kMaxDepth = 1'000'000;  // of a chain of frames; a longer one is taken for a loop
constexpr uint32_t kFirstEntries = 128;    // that are mapped
constexpr uint32_t kMaxFresh = 24;         // new frames above a known one, before the whole stack is walked again

}  // namespace

// One mapping: entries for what is no frame, as many as match() looks at, and the frames.
bool PythonStack::grow(uint32_t frames) noexcept {
  if (!known_.ensure()) return false;
  uint32_t wanted = capacity_ == 0 ? kFirstEntries - kNear : capacity_;
  while (wanted < frames) wanted = 2 * wanted + kNear;
  auto* const mapped = static_cast<ShadowFrame*>(map_memory(mapped_bytes(wanted)));
  if (mapped == nullptr) return false;
  if (frames_ != nullptr) std::copy_n(frames_, used_, mapped + kNear);
  give_back();
  for (uint32_t i = 0; i < kNear; ++i) mapped[i].frame = kNoFrame;
  frames_ = mapped + kNear;
  capacity_ = wanted;
  return true;
}

void PythonStack::give_back() noexcept {
  if (frames_ != nullptr) unmap_memory(frames_ - kNear, mapped_bytes(capacity_));
}

// On 3.12 and later entry frames lie below it.
uint32_t PythonStack::root() const noexcept {
  uint32_t at = 0;
  while (at < size_ && frames_[at].code == kEntryFrame) ++at;
  return at;
}

const uint8_t* PythonStack::root_code() const noexcept {
  const uint32_t at = root();
  return at == size_ ? nullptr : frames_[at].code;
}

// Another code object may have come to lie at the address of the last root's: then it has changed.
bool PythonStack::notice_root() noexcept {
  root_at_ = root();
  const uint8_t* const last = std::exchange(root_, root_code());
  const bool unsure = std::exchange(root_unsure_, false) && root_ != nullptr;
  return root_ != last || unsure;
}

// The entry of `frame` among the innermost ones, or nullptr.
[[gnu::always_inline]] inline ShadowFrame* PythonStack::near_top(const uint8_t* frame) const noexcept {
  static_assert(kNear == 4);
  ShadowFrame* const top = frames_ + size_ - 1;
  if (top[0].frame == frame) return top;
  if (top[-1].frame == frame) return top - 1;
  if (top[-2].frame == frame) return top - 2;
  return top[-3].frame == frame ? top - 3 : nullptr;
}

// Tries to find the innermost frames near the top of what was seen, and verifies everything below. Fresh frames are put
// above. Returns false when the chain is not the one that was seen; what was seen may then be half overwritten.
template <Positions kPositions>
[[gnu::always_inline]] inline bool PythonStack::match(const PythonLayout& layout, const uint8_t* innermost,
                                                      ShadowFrame*& deepest) noexcept {
  if (frames_ == nullptr) return false;
  const FrameReader<kPositions> read(layout);
  uint32_t fresh = 0;
  const uint8_t* frame = innermost;
  ShadowFrame* known;
  while ((known = near_top(frame)) == nullptr) {
    if (fresh++ == kMaxFresh) return false;
    frame = read.caller_of(frame);
    if (frame == nullptr) return false;
  }
  const auto below = static_cast<uint32_t>(known - frames_) + 1;
  if (!ensure(below + fresh)) return false;
  known = frames_ + below - 1;
  if (!verify(read, frames_, known, deepest)) return false;
  size_ = below + fresh;
  if (fresh == 0) return true;
  if (deepest == nullptr) deepest = known + 1;
  use(size_);
  frame = innermost;
  for (ShadowFrame* seen = known + fresh; seen != known; --seen, frame = read.caller_of(frame)) see(read, *seen, frame);
  return true;
}

// Entries up to `size` mean something from now on.
void PythonStack::use(uint32_t size) noexcept {
  if (size <= used_) return;
  std::fill(frames_ + used_, frames_ + size, ShadowFrame{});
  used_ = size;
}

// Remembers `frame`. What was there before tells more often than not what it is resolved to.
template <typename Reader>
void PythonStack::see(const Reader& read, ShadowFrame& seen, const uint8_t* frame) noexcept {
  seen.frame = frame;
  if (!read.is_where(seen, frame)) read.refresh(seen, frame);
}

// Walks the whole chain: once to count, once to compare each frame with what was seen at its depth.
template <Positions kPositions>
bool PythonStack::rewalk(const PythonLayout& layout, const uint8_t* innermost) noexcept {
  const FrameReader<kPositions> read(layout);
  uint32_t count = 0;
  for (const uint8_t* f = innermost; f != nullptr; f = read.caller_of(f)) {
    if (++count > kMaxDepth) return false;
  }
  if (!ensure(count)) return false;
  use(count);
  uint32_t i = count;
  for (const uint8_t* f = innermost; f != nullptr && i > 0; f = read.caller_of(f)) see(read, frames_[--i], f);
  size_ = count;
  return true;
}

CodeId PythonStack::id_of(const Interpreter& python, Interner& interner, const uint8_t* code) noexcept {
  FrameCache::Code& known = known_.at(code);
  if (known.code == code && known.epoch == epoch_) return known.id;
  const CodeId id = interner.code(python, code);
  if (raw(id) != 0 && interner.codes_watched()) known = FrameCache::Code{code, epoch_, id};
  return id;
}

// The node of a frame called from `caller`, which it remembers unless the frame is of no code object. `last`: the node
// that was looked up before.
template <Positions kPositions>
[[gnu::noinline]] StackId PythonStack::look_up(const Interpreter& python, Interner& interner, StackId caller,
                                               ShadowFrame& seen, StackId& last) noexcept {
  if (raw(seen.code_id) == 0) seen.code_id = id_of(python, interner, seen.code);
  if (raw(seen.code_id) == 0) {
    seen.parent = kNoParent;
    return interner.node(caller, NodeKey{NodeKind::kUnknown, 0, 0});
  }
  seen.parent = raw(caller);
  if (seen.code_id == Interner::kNoCode) return caller;
  const int64_t offset = offset_of<kPositions>(python, seen);
  last = interner.node_after(last, caller, NodeKey{NodeKind::kPython, raw(seen.code_id), offset});
  return last;
}

// What was resolved at the same place over the same caller is still right. `node` is that of the caller of `first`.
template <Positions kPositions>
[[gnu::always_inline]] inline StackId PythonStack::resolve(const Interpreter& python, Interner& interner, StackId node,
                                                           ShadowFrame* first, ShadowFrame* end) noexcept {
  const FrameReader<kPositions> read(*python.layout);
  const uint32_t epoch = epoch_;
  const FrameCache known_frames = known_;
  StackId last = last_node_;
  for (ShadowFrame* seen = first; seen != end; ++seen) {
    if (seen->parent == raw(node)) {
      node = seen->node;
      continue;
    }
    if (read.is_entry(seen->frame)) {
      seen->code = kEntryFrame;
      seen->code_id = CodeId{};
      seen->parent = raw(node);
      seen->node = node;
      continue;
    }
    const uint64_t place = FrameReader<kPositions>::place_of(*seen);
    const uint64_t caller = FrameCache::caller_in(epoch, node);
    FrameCache::Entry& known = known_frames.at(place, caller);
    if (__builtin_expect(known.place == place && known.caller == caller, 1)) {
      seen->code = known.code;
      seen->code_id = known.code_id;
      seen->parent = raw(node);
      seen->node = node = last = known.node;
      continue;
    }
    read.read_code(*seen, seen->frame);
    const StackId parent = node;
    node = look_up<kPositions>(python, interner, parent, *seen, last);
    seen->node = node;
    const bool lasts = seen->parent == raw(parent) && place != 0 && interner.codes_watched();
    if (lasts) known = FrameCache::Entry{place, caller, seen->code, seen->code_id, node};
  }
  last_node_ = last;
  return node;
}

// Finds where what awaits the running task joins. Returns the deepest frame whose node may be another one: `deepest`,
// or where it joined or joins.
ShadowFrame* PythonStack::rejoin(ShadowFrame* deepest) noexcept {
  const uint8_t* const frame = awaiting_.joint();
  uint32_t at = joint_ < size_ && frames_[joint_].frame == frame ? joint_ : size_;
  if (frame != nullptr && at == size_) {
    while (at != 0 && frames_[at - 1].frame != frame) --at;
    at = at == 0 ? size_ : at - 1;
  }
  const uint32_t joint = frame != nullptr && at < size_ ? at : kNoJoint;
  if (rejoins_ || joint != joint_) {
    const uint32_t lowest = std::min(joint, joint_);
    if (lowest < size_ && (deepest == nullptr || deepest > frames_ + lowest)) deepest = frames_ + lowest;
  }
  rejoins_ = false;
  joint_ = joint;
  return deepest;
}

// The node of the innermost frame. `deepest`: the deepest frame that is not where it was; nullptr: there is none.
template <Positions kPositions, bool kTasks>
[[gnu::always_inline]] inline StackId PythonStack::settle(const Interpreter& python, Interner& interner,
                                                          ShadowFrame* deepest) noexcept {
  if constexpr (kTasks) deepest = rejoin(deepest);
  if (deepest == nullptr) return top();
  const auto unchanged = static_cast<uint32_t>(reinterpret_cast<char*>(deepest) - reinterpret_cast<char*>(frames_));
  unchanged_bytes_ = std::min(unchanged_bytes_, unchanged);
  StackId caller = deepest == frames_ ? base_ : deepest[-1].node;
  if constexpr (kTasks) {
    if (joint_ != kNoJoint && deepest <= frames_ + joint_) {
      ShadowFrame* const joint = frames_ + joint_;
      caller = awaiting_.over(interner, resolve<kPositions>(python, interner, caller, deepest, joint));
      deepest = joint;
    }
  }
  return resolve<kPositions>(python, interner, caller, deepest, frames_ + size_);
}

// Whether the outermost frame may be another one. `deepest`: the deepest frame that is not where it was; nullptr: none.
bool PythonStack::root_may_differ(const ShadowFrame* deepest) const noexcept {
  return root_unsure_ || root_at_ >= size_ || (deepest != nullptr && deepest <= frames_ + root_at_);
}

template <Positions kPositions, bool kTasks>
StackId PythonStack::capture_chain(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  const PythonLayout& layout = *python.layout;
  if (innermost == nullptr) {
    size_ = 0;
    joint_ = kNoJoint;
    root_changed = notice_root();
    return base_;
  }
  ShadowFrame* deepest = nullptr;
  if (!match<kPositions>(layout, innermost, deepest)) {
    if (!rewalk<kPositions>(layout, innermost)) {
      forget();
      return interner.node(base_, NodeKey{NodeKind::kUnknown, 0, 0});
    }
    deepest = frames_;
  }
  const StackId node = settle<kPositions, kTasks>(python, interner, deepest);
  if (__builtin_expect(root_may_differ(deepest), 0)) root_changed = notice_root();
  return node;
}

// The chain is as it was down to `change`.
template <Positions kPositions, bool kTasks>
StackId PythonStack::capture_rest(const Interpreter& python, Interner& interner, ShadowFrame* change,
                                  bool& root_changed) noexcept {
  const uint8_t* const innermost = frames_[size_ - 1].frame;
  ShadowFrame* deepest = nullptr;
  if (!verify(FrameReader<kPositions>(*python.layout), frames_, change, deepest)) {
    return capture_chain<kPositions, kTasks>(python, interner, innermost, root_changed);
  }
  const StackId node = settle<kPositions, kTasks>(python, interner, deepest);
  if (__builtin_expect(root_may_differ(deepest), 0)) root_changed = notice_root();
  return node;
}

template StackId PythonStack::capture_chain<Positions::kInCode, false>(const Interpreter&, Interner&, const uint8_t*,
                                                                       bool&) noexcept;
template StackId PythonStack::capture_rest<Positions::kInCode, false>(const Interpreter&, Interner&, ShadowFrame*,
                                                                      bool&) noexcept;

template <Positions kPositions>
StackId PythonStack::capture_apart(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  return capture_from<kPositions, false>(python, interner, innermost, root_changed);
}

StackId PythonStack::capture_other(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  return python.layout->positions == Positions::kIndexes
             ? capture_apart<Positions::kIndexes>(python, interner, innermost, root_changed)
             : capture_apart<Positions::kInCopies>(python, interner, innermost, root_changed);
}

StackId PythonStack::capture_with_tasks(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                        bool& root_changed, const uint8_t* tstate, bool gil_held) noexcept {
  if (!awaiting_.look(python, interner, tstate, gil_held)) rejoins_ = true;
  if (__builtin_expect(rejoins_, 0)) {
    return capture_chain<Positions::kInCode, true>(python, interner, innermost, root_changed);
  }
  return capture_from<Positions::kInCode, true>(python, interner, innermost, root_changed);
}

}  // namespace cistern::preload
