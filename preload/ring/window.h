// The window of one process image: slots of shared memory, see cistern/window.h. A slot is lent to one stream at a time
// and comes back when the stream is gone. take() and give_back() lock; all else is done by the slot's stream alone. The
// mappings are not inherited by forked children.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/profile_header.h"
#include "cistern/format/window.h"
#include "preload/base/spin_lock.h"
#include "preload/ring/guarded_file.h"

namespace cistern::preload {

// One slot, lent.
struct Slot {
  SlotControl* control = nullptr;
  uint32_t index = 0;

  explicit operator bool() const noexcept { return control != nullptr; }
  SegmentHeader* header() const noexcept { return reinterpret_cast<SegmentHeader*>(control + 1); }
  uint8_t* payload() const noexcept { return reinterpret_cast<uint8_t*>(header() + 1); }
  uint32_t capacity() const noexcept { return control->capacity; }

  // Partners: a reader of the window, and the thread that finalizes at the end, load with acquire.
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

class Window {
 public:
  // Makes the file and its first pages. Where the file system refuses shared mappings, the window is anonymous shared
  // memory, and so are further slots when the file cannot grow (no room, no right, no such path any more): what was not
  // spilled of those is lost with a killed process. Returns 0 or an errno value.
  int open(const PathText& path, const ProfileHeader& header) noexcept;
  bool is_open() const noexcept { return control_ != nullptr; }

  WindowControl& control() noexcept { return *control_; }
  // Lends a slot of at least `bytes` of payload, or nothing: no memory, no disk, or kMaxSlots are out.
  Slot take(uint32_t bytes) noexcept;
  void give_back(const Slot& slot) noexcept;
  // Enlarges a slot to `bytes` of payload, if it can.
  void grow(const Slot& slot, uint32_t bytes) noexcept;

  // Removes the file's name; the slots that there are stay usable, further ones are anonymous memory.
  void unlink() noexcept;
  // In a forked child: the mappings are not there. Forgets them.
  void abandon() noexcept;

 private:
  static constexpr uint32_t kSlotsInChunk = 64;
  static constexpr uint32_t kMaxChunks = 1024;
  static constexpr uint32_t kMaxSlots = kSlotsInChunk * kMaxChunks;
  static constexpr uint64_t kChunkBytes = kSlotsInChunk * kSlotStride;

  SlotControl* slot_at(uint32_t index) const noexcept;
  bool make_slot() noexcept;
  bool has_chunk() noexcept;
  bool make_room_in_file(uint64_t offset, uint64_t bytes) noexcept;
  void leave_file() noexcept;
  char* map(uint64_t offset, uint64_t bytes) noexcept;
  static uint64_t file_offset(uint32_t index) noexcept { return kWindowSlotsOffset + index * kSlotStride; }

  GuardedFile file_;
  bool anonymous_ = false;   // further mappings are not of the file
  uint32_t file_slots_ = 0;  // slots below this index are in the file
  WindowControl* control_ = nullptr;
  SpinLock lock_;
  uint32_t slots_ = 0;
  uint32_t free_hint_ = 0;
  char* chunks_[kMaxChunks] = {};
  bool lent_[kMaxSlots] = {};
};

}  // namespace cistern::preload
