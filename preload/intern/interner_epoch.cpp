// Interner: restarts definitions (overwrite mode, where the records of old definitions are overwritten). Ids are never
// reused, so older records stay right. The stacks that threads were started from stay in use: they are defined again
// from what the tables know of them.
#include <algorithm>

#include "preload/base/memory.h"
#include "preload/cpython/code_object.h"
#include "preload/intern/interner.h"

namespace cistern::preload {
namespace {

// Mapped memory for `count` objects, unmapped at the end of the scope.
template <typename T>
class Scratch {
 public:
  explicit Scratch(size_t count) noexcept
      : bytes_(count * sizeof(T)), items_(count == 0 ? nullptr : static_cast<T*>(map_memory(bytes_))) {}
  ~Scratch() {
    if (items_ != nullptr) unmap_memory(items_, bytes_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  explicit operator bool() const noexcept { return items_ != nullptr; }
  T& operator[](size_t i) const noexcept { return items_[i]; }
  const T* at(size_t i) const noexcept { return items_ + i; }

 private:
  size_t bytes_;
  T* items_;
};

// Finds the entries of a table by id.
template <typename Entry>
class ById {
 public:
  // Ids from `first` to `last`.
  ById(Table<Entry>& table, uint32_t first, uint32_t last) noexcept : first_(first), entries_(last + 1 - first) {
    if (!entries_) return;
    table.for_each([&](const Entry& entry) {
      if (entry.id >= first && entry.id <= last) entries_[entry.id - first] = &entry;
    });
    count_ = last + 1 - first;
  }
  const Entry* find(uint32_t id) const noexcept {
    return id < first_ || id - first_ >= count_ ? nullptr : entries_[id - first_];
  }

 private:
  uint32_t first_;
  uint32_t count_ = 0;
  Scratch<const Entry*> entries_;
};

constexpr size_t kMaxFrames = 1 << 16;  // of all kept stacks together; further frames are cut off at the root

}  // namespace

// The frames of the kept stacks, each stack from its root to its leaf.
class Interner::KeptStacks {
 public:
  KeptStacks(Interner& interner, const StackId* ids, size_t count) noexcept
      : frames_(kMaxFrames),
        sizes_(count),
        nodes_(interner.nodes_),
        codes_(interner.codes_, interner.first_code_, interner.last_code_),
        codes_watched_(interner.codes_watched_) {
    if (!frames_ || !sizes_) return;
    for (size_t i = 0; i < count; ++i) sizes_[i] = gather(ids[i]);
  }

  bool complete() const noexcept { return static_cast<bool>(frames_) && static_cast<bool>(sizes_); }
  size_t size(size_t stack) const noexcept { return sizes_[stack]; }
  const KeptFrame* frames() const noexcept { return frames_.at(0); }

 private:
  // Reads a stack from its leaf to its root, and reverses it. Returns the number of frames.
  size_t gather(StackId id) noexcept {
    const size_t begin = used_;
    StackId parent{};
    NodeKey key;
    for (; used_ < kMaxFrames && nodes_.read(id, parent, key); id = parent) {
      const uint32_t native_frames = key.kind == NodeKind::kNativeRun ? gather_run(StackId{key.a}) : 0;
      if (used_ == kMaxFrames) break;
      frames_[used_] = frame_of(key);
      frames_[used_++].native_frames = native_frames;
    }
    for (size_t low = begin, high = used_; low + 1 < high; ++low) {
      --high;
      const KeptFrame swapped = frames_[low];
      frames_[low] = frames_[high];
      frames_[high] = swapped;
    }
    return used_ - begin;
  }

  uint32_t gather_run(StackId chain) noexcept {
    const size_t begin = used_;
    StackId parent{};
    NodeKey key;
    for (; used_ < kMaxFrames && nodes_.read(chain, parent, key); chain = parent) frames_[used_++] = frame_of(key);
    return static_cast<uint32_t>(used_ - begin);
  }

  KeptFrame frame_of(const NodeKey& key) const noexcept {
    KeptFrame frame;
    frame.key = key;
    const bool of_code = frame.key.kind == NodeKind::kPython || frame.key.kind == NodeKind::kAwaiting;
    if (!of_code || frame.key.a == 0) return frame;
    const CodeEntry* const code = codes_watched_ ? codes_.find(frame.key.a) : nullptr;
    if (code == nullptr) {
      frame.key = NodeKey{NodeKind::kUnknown, 0, 0};
    } else {
      frame.code = reinterpret_cast<const uint8_t*>(code->address);
    }
    return frame;
  }

  Scratch<KeptFrame> frames_;
  Scratch<size_t> sizes_;
  const NodeTable& nodes_;
  ById<CodeEntry> codes_;
  bool codes_watched_;
  size_t used_ = 0;
};

// Defines a kept stack again. Its code objects are alive: a thread that frees one waits for the lock first, in
// retire().
StackId Interner::define_again(const Interpreter& python, const KeptFrame* frames, size_t count) noexcept {
  StackId node{};
  for (size_t i = 0; i < count; ++i) {
    NodeKey key = frames[i].key;
    if (key.kind == NodeKind::kNativeRun) {
      StackId chain{};
      const size_t end = std::min(count, i + 1 + frames[i].native_frames);
      for (size_t k = i + 1; k < end; ++k) chain = node_locked(chain, frames[k].key);
      i = end - 1;
      if (raw(chain) != 0) node = node_locked(node, NodeKey{NodeKind::kNativeRun, raw(chain), 0});
      continue;
    }
    if (frames[i].code != nullptr) {
      key.a = raw(code_locked(python, frames[i].code, code_fingerprint(*python.layout, frames[i].code)));
      if (key.a == 0) key = NodeKey{NodeKind::kUnknown, 0, 0};
    }
    node = node_locked(node, key);
  }
  return node;
}

void Interner::restart_definitions(const Interpreter& python, StackId* kept, size_t count) noexcept {
  constexpr uint64_t kMaxNameBytes = 8 << 20;
  const Locked locked(lock_);
  const KeptStacks stacks(*this, kept, count);
  forget_definitions(full_node_ == 0 ? nodes_.next_id() : StackId{full_node_ + 1});
  if (name_texts_.bytes() > kMaxNameBytes) {
    names_.clear();
    name_texts_.clear();
  }
  first_code_ = last_code_ + 1;
  const KeptFrame* frames = stacks.frames();
  for (size_t i = 0; i < count; ++i) {
    kept[i] = stacks.complete() ? define_again(python, frames, stacks.size(i)) : StackId{};
    if (stacks.complete()) frames += stacks.size(i);
  }
}

}  // namespace cistern::preload
