// The window of one process image: slots of shared memory (include/cistern/format/window_layout.h). A slot is lent to
// one stream at a time, and given back when the stream ends. take(), give_back(), grow() and unlink() take a lock; the
// other uses of a slot are its stream's. Forked children do not inherit the mappings. Nothing allocates.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/profile_header.h"
#include "cistern/format/window_layout.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/guarded_file.h"

namespace cistern::preload {

// A lent slot.
struct Slot {
  SlotControl* control = nullptr;
  uint32_t index = 0;

  explicit operator bool() const noexcept { return control != nullptr; }
  SegmentHeader* header() const noexcept { return reinterpret_cast<SegmentHeader*>(control + 1); }
  uint8_t* payload() const noexcept { return reinterpret_cast<uint8_t*>(header() + 1); }
  uint32_t capacity() const noexcept { return control->capacity; }

  // Release: pairs with the acquire of the window's readers and of the thread that finalizes.
  void publish(uint32_t bytes) const noexcept {
    std::atomic_ref<uint32_t>(control->published).store(bytes, std::memory_order_release);
  }
  uint32_t published() const noexcept {
    return std::atomic_ref<uint32_t>(control->published).load(std::memory_order_acquire);
  }
  void set_state(SlotState state) const noexcept {
    std::atomic_ref<uint32_t>(control->state).store(static_cast<uint32_t>(state), std::memory_order_release);
  }
};

class SharedWindow {
 public:
  // Creates the file and its first pages. Returns 0 or an errno value. Where the file system refuses shared mappings,
  // the window is anonymous shared memory. So are further slots when the file cannot grow (no space, no permission,
  // path removed): what was not spilled of those is lost when the process is killed.
  int open(const PathText& path, const ProfileHeader& header) noexcept;
  bool is_open() const noexcept { return control_ != nullptr; }

  WindowControl& control() noexcept { return *control_; }
  // Lends a slot for at least `bytes` of payload. Returns no slot without memory or disk space, or when kMaxSlots are
  // lent.
  Slot take(uint32_t bytes) noexcept;
  void give_back(const Slot& slot) noexcept;
  // Enlarges a slot to `bytes` of payload, if there is memory and disk space.
  void grow(const Slot& slot, uint32_t bytes) noexcept;

  // Removes the file's path. Existing slots stay usable, further ones are anonymous memory.
  void unlink() noexcept;
  // In a forked child: forgets the mappings, which were not inherited.
  void abandon() noexcept;

 private:
  static constexpr uint32_t kSlotsInChunk = 64;
  static constexpr uint32_t kMaxChunks = 1024;
  static constexpr uint32_t kMaxSlots = kSlotsInChunk * kMaxChunks;
  static constexpr uint64_t kChunkBytes = kSlotsInChunk * kSlotStride;

  SlotControl* slot_at(uint32_t index) const noexcept;
  bool make_slot() noexcept;
  bool has_chunk() noexcept;
  bool reserve_in_file(uint64_t offset, uint64_t bytes) noexcept;
  void leave_file() noexcept;
  char* map(uint64_t offset, uint64_t bytes) noexcept;
  static uint64_t file_offset(uint32_t index) noexcept { return kWindowSlotsOffset + index * kSlotStride; }

  GuardedFile file_;
  bool anonymous_ = false;   // further mappings are anonymous
  uint32_t file_slots_ = 0;  // slots below this index are in the file
  WindowControl* control_ = nullptr;
  SpinLock lock_;
  uint32_t slots_ = 0;
  uint32_t free_hint_ = 0;
  char* chunks_[kMaxChunks] = {};
  bool lent_[kMaxSlots] = {};
};

}  // namespace cistern::preload
