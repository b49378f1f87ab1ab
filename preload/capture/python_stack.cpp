#include "preload/capture/python_stack.h"

#include <algorithm>
#include <utility>

#include "preload/base/memory.h"
#include "preload/capture/frame_reader.h"
#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kMaxDepth = 1'000'000;  // of a chain of frames; a longer chain is assumed to be a loop
constexpr uint32_t kFirstEntries = 128;    // mapped at first
constexpr uint32_t kMaxNewFrames = 24;     // above a known frame, before the whole chain is walked instead

}  // namespace

// Maps the shadow stack: kNear entries with kNoFrame, which let find_near_top() and first_change() read below the root,
// and then the frames.
bool PythonStack::grow(uint32_t frames) noexcept {
  if (!frame_cache_.ensure()) return false;
  uint32_t wanted = capacity_ == 0 ? kFirstEntries - kNear : capacity_;
  while (wanted < frames) wanted = 2 * wanted + kNear;
  auto* const mapped = static_cast<ShadowFrame*>(map_memory(mapped_bytes(wanted)));
  if (mapped == nullptr) return false;
  if (frames_ != nullptr) std::copy_n(frames_, used_, mapped + kNear);
  release();
  for (uint32_t i = 0; i < kNear; ++i) mapped[i].frame = kNoFrame;
  frames_ = mapped + kNear;
  capacity_ = wanted;
  return true;
}

void PythonStack::release() noexcept {
  if (frames_ != nullptr) unmap_memory(frames_ - kNear, mapped_bytes(capacity_));
}

// On 3.12 and later entry frames lie below the outermost frame of the program.
uint32_t PythonStack::root() const noexcept {
  uint32_t at = 0;
  while (at < size_ && frames_[at].code == kEntryFrame) ++at;
  return at;
}

const uint8_t* PythonStack::root_code() const noexcept {
  const uint32_t at = root();
  return at == size_ ? nullptr : frames_[at].code;
}

// Returns whether the root is another one than when this was called last. After a reset another code object may lie at
// the address of the last root's code, so the root then counts as changed.
bool PythonStack::notice_root() noexcept {
  root_at_ = root();
  const uint8_t* const last = std::exchange(root_, root_code());
  const bool unsure = std::exchange(root_reset_, false) && root_ != nullptr;
  return root_ != last || unsure;
}

// Returns the entry of `frame` among the kNear innermost ones, or nullptr.
[[gnu::always_inline]] inline ShadowFrame* PythonStack::find_near_top(const uint8_t* frame) const noexcept {
  static_assert(kNear == 4);
  ShadowFrame* const top = frames_ + size_ - 1;
  if (top[0].frame == frame) return top;
  if (top[-1].frame == frame) return top - 1;
  if (top[-2].frame == frame) return top - 2;
  return top[-3].frame == frame ? top - 3 : nullptr;
}

// Walks from `innermost` to a frame near the top of the shadow stack, compares everything below it, and adds the new
// frames above it. `deepest` becomes the outermost changed entry. Returns false when the chain has other frames; the
// shadow stack may then be half overwritten.
template <Positions kPositions>
[[gnu::always_inline]] inline bool PythonStack::match(const PythonLayout& layout, const uint8_t* innermost,
                                                      ShadowFrame*& deepest) noexcept {
  if (frames_ == nullptr) return false;
  const FrameReader<kPositions> read(layout);
  uint32_t new_frames = 0;
  const uint8_t* frame = innermost;
  ShadowFrame* known;
  while ((known = find_near_top(frame)) == nullptr) {
    if (new_frames++ == kMaxNewFrames) return false;
    frame = read.caller_of(frame);
    if (frame == nullptr) return false;
  }
  const auto below = static_cast<uint32_t>(known - frames_) + 1;
  if (!ensure(below + new_frames)) return false;
  known = frames_ + below - 1;
  if (!verify(read, frames_, known, deepest)) return false;
  size_ = below + new_frames;
  if (new_frames == 0) return true;
  if (deepest == nullptr) deepest = known + 1;
  extend_used(size_);
  frame = innermost;
  for (ShadowFrame* seen = known + new_frames; seen != known; --seen, frame = read.caller_of(frame))
    remember(read, *seen, frame);
  return true;
}

// Makes the entries up to `size` valid.
void PythonStack::extend_used(uint32_t size) noexcept {
  if (size <= used_) return;
  std::fill(frames_ + used_, frames_ + size, ShadowFrame{});
  used_ = size;
}

// Stores `frame` in an entry. If the frame that was there before was at the same position, the entry stays resolved,
// which is the usual case.
template <typename Reader>
void PythonStack::remember(const Reader& read, ShadowFrame& seen, const uint8_t* frame) noexcept {
  seen.frame = frame;
  if (!read.is_unmoved(seen, frame)) read.refresh(seen, frame);
}

// Walks the whole chain twice: to count the frames, and to compare each with the entry at its depth.
template <Positions kPositions>
bool PythonStack::rewalk(const PythonLayout& layout, const uint8_t* innermost) noexcept {
  const FrameReader<kPositions> read(layout);
  uint32_t count = 0;
  for (const uint8_t* f = innermost; f != nullptr; f = read.caller_of(f)) {
    if (++count > kMaxDepth) return false;
  }
  if (!ensure(count)) return false;
  extend_used(count);
  uint32_t i = count;
  for (const uint8_t* f = innermost; f != nullptr && i > 0; f = read.caller_of(f)) remember(read, frames_[--i], f);
  size_ = count;
  return true;
}

CodeId PythonStack::id_of(const Interpreter& python, Interner& interner, const uint8_t* code) noexcept {
  FrameCache::Code& known = frame_cache_.at(code);
  if (known.code == code && known.epoch == epoch_) return known.id;
  const CodeId id = interner.code(python, code);
  if (raw(id) != 0 && interner.codes_watched()) known = FrameCache::Code{code, epoch_, id};
  return id;
}

// Asks the interner for the node of a frame called from `caller`. The entry stays resolved unless the frame has no code
// object. `last`: the node that was looked up before this one.
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

// Resolves the entries from `first` up to `end`; `node` is the node of the caller of `first`. An entry that was
// resolved for the same caller is still right.
template <Positions kPositions>
[[gnu::always_inline]] inline StackId PythonStack::resolve(const Interpreter& python, Interner& interner, StackId node,
                                                           ShadowFrame* first, ShadowFrame* end) noexcept {
  const FrameReader<kPositions> read(*python.layout);
  const uint32_t epoch = epoch_;
  const FrameCache cached_frames = frame_cache_;
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
    const uint64_t position_key = FrameReader<kPositions>::position_key_of(*seen);
    const uint64_t caller = FrameCache::caller_key(epoch, node);
    FrameCache::Entry& known = cached_frames.at(position_key, caller);
    if (__builtin_expect(known.position_key == position_key && known.caller == caller, 1)) {
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
    const bool lasts = seen->parent == raw(parent) && position_key != 0 && interner.codes_watched();
    if (lasts) known = FrameCache::Entry{position_key, caller, seen->code, seen->code_id, node};
  }
  last_node_ = last;
  return node;
}

// Finds the index of the attach point, where the frames that await the running task are inserted. Returns the outermost
// entry whose node may have changed: `deepest`, the old or the new attach point.
ShadowFrame* PythonStack::update_attachment(ShadowFrame* deepest) noexcept {
  const uint8_t* const frame = awaiting_.attach_point();
  uint32_t at = attached_at_ < size_ && frames_[attached_at_].frame == frame ? attached_at_ : size_;
  if (frame != nullptr && at == size_) {
    while (at != 0 && frames_[at - 1].frame != frame) --at;
    at = at == 0 ? size_ : at - 1;
  }
  const uint32_t attached_at = frame != nullptr && at < size_ ? at : kNotAttached;
  if (awaiting_changed_ || attached_at != attached_at_) {
    const uint32_t lowest = std::min(attached_at, attached_at_);
    if (lowest < size_ && (deepest == nullptr || deepest > frames_ + lowest)) deepest = frames_ + lowest;
  }
  awaiting_changed_ = false;
  attached_at_ = attached_at;
  return deepest;
}

// Returns the node of the innermost frame. `deepest`: the outermost entry that changed; nullptr: none did.
template <Positions kPositions, bool kTasks>
[[gnu::always_inline]] inline StackId PythonStack::resolve_from(const Interpreter& python, Interner& interner,
                                                                ShadowFrame* deepest) noexcept {
  if constexpr (kTasks) deepest = update_attachment(deepest);
  if (deepest == nullptr) return top();
  const auto unchanged = static_cast<uint32_t>(reinterpret_cast<char*>(deepest) - reinterpret_cast<char*>(frames_));
  unchanged_bytes_ = std::min(unchanged_bytes_, unchanged);
  StackId caller = deepest == frames_ ? base_ : deepest[-1].node;
  if constexpr (kTasks) {
    if (attached_at_ != kNotAttached && deepest <= frames_ + attached_at_) {
      ShadowFrame* const attached_at = frames_ + attached_at_;
      caller = awaiting_.extend(interner, resolve<kPositions>(python, interner, caller, deepest, attached_at));
      deepest = attached_at;
    }
  }
  return resolve<kPositions>(python, interner, caller, deepest, frames_ + size_);
}

// Whether the root may be another one. `deepest`: the outermost entry that changed; nullptr: none did.
bool PythonStack::root_may_differ(const ShadowFrame* deepest) const noexcept {
  return root_reset_ || root_at_ >= size_ || (deepest != nullptr && deepest <= frames_ + root_at_);
}

template <Positions kPositions, bool kTasks>
StackId PythonStack::capture_chain(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  const PythonLayout& layout = *python.layout;
  if (innermost == nullptr) {
    size_ = 0;
    attached_at_ = kNotAttached;
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
  const StackId node = resolve_from<kPositions, kTasks>(python, interner, deepest);
  if (__builtin_expect(root_may_differ(deepest), 0)) root_changed = notice_root();
  return node;
}

// Captures a chain that is unchanged from its innermost frame down to `change`.
template <Positions kPositions, bool kTasks>
StackId PythonStack::capture_rest(const Interpreter& python, Interner& interner, ShadowFrame* change,
                                  bool& root_changed) noexcept {
  const uint8_t* const innermost = frames_[size_ - 1].frame;
  ShadowFrame* deepest = nullptr;
  if (!verify(FrameReader<kPositions>(*python.layout), frames_, change, deepest)) {
    return capture_chain<kPositions, kTasks>(python, interner, innermost, root_changed);
  }
  const StackId node = resolve_from<kPositions, kTasks>(python, interner, deepest);
  if (__builtin_expect(root_may_differ(deepest), 0)) root_changed = notice_root();
  return node;
}

template StackId PythonStack::capture_chain<Positions::kInCode, false>(const Interpreter&, Interner&, const uint8_t*,
                                                                       bool&) noexcept;
template StackId PythonStack::capture_rest<Positions::kInCode, false>(const Interpreter&, Interner&, ShadowFrame*,
                                                                      bool&) noexcept;

template <Positions kPositions>
StackId PythonStack::capture_out_of_line(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                         bool& root_changed) noexcept {
  return capture_from<kPositions, false>(python, interner, innermost, root_changed);
}

StackId PythonStack::capture_other(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                   bool& root_changed) noexcept {
  return python.layout->positions == Positions::kIndexes
             ? capture_out_of_line<Positions::kIndexes>(python, interner, innermost, root_changed)
             : capture_out_of_line<Positions::kInCopies>(python, interner, innermost, root_changed);
}

StackId PythonStack::capture_with_tasks(const Interpreter& python, Interner& interner, const uint8_t* innermost,
                                        bool& root_changed, const uint8_t* tstate, bool gil_held) noexcept {
  if (!awaiting_.update(python, interner, tstate, gil_held)) awaiting_changed_ = true;
  if (__builtin_expect(awaiting_changed_, 0)) {
    return capture_chain<Positions::kInCode, true>(python, interner, innermost, root_changed);
  }
  return capture_from<Positions::kInCode, true>(python, interner, innermost, root_changed);
}

}  // namespace cistern::preload
