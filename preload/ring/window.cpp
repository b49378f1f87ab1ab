#include "preload/ring/window.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "preload/base/arch.h"
#include "preload/base/memory.h"

namespace cistern::preload {

void* Window::map(uint64_t offset, uint64_t bytes) noexcept {
  void* at = anonymous_ ? nullptr : file_.map(offset, bytes);
  if (at == nullptr && (anonymous_ || control_ == nullptr)) {
    const long made =
        raw_syscall(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (is_error(made)) return nullptr;
    raw_syscall(SYS_madvise, made, static_cast<long>(bytes), MADV_DONTFORK);
    anonymous_ = true;
    at = reinterpret_cast<void*>(made);
  }
  if (at != nullptr) count_own_bytes(static_cast<int64_t>(bytes));
  return at;
}

int Window::open(const PathText& path, const ProfileHeader& header) noexcept {
  if (const int error = file_.create(path, true); error != 0) return error;
  if (const int error = file_.reserve(0, kWindowSlotsOffset); error != 0) {
    file_.unlink();
    return error;
  }
  auto* const first = static_cast<char*>(map(0, kWindowSlotsOffset));
  if (first == nullptr) return ENOMEM;
  if (anonymous_) file_.unlink();
  std::memcpy(first, &header, sizeof header);
  control_ = reinterpret_cast<WindowControl*>(first + kWindowControlOffset);
  control_->slot_bytes = static_cast<uint32_t>(kSlotStride);
  // The program sees one descriptor of ours, the profile's; this file is opened again when the window grows.
  file_.close();
  return 0;
}

void Window::unlink() noexcept {
  const Locked locked(lock_);
  file_.unlink();
  anonymous_ = true;
  // The rest of the last chunk lies beyond the end of a file that cannot be enlarged any more.
  for (; slots_ % kSlotsInChunk != 0; ++slots_) lent_[slots_] = true;
}

SlotControl* Window::slot_at(uint32_t index) const noexcept {
  return reinterpret_cast<SlotControl*>(chunks_[index / kSlotsInChunk] + (index % kSlotsInChunk) * kSlotStride);
}

bool Window::make_slot(uint32_t index) noexcept {
  if (index >= kMaxSlots) return false;
  char*& chunk = chunks_[index / kSlotsInChunk];
  if (chunk == nullptr) chunk = static_cast<char*>(map(file_offset(index), kChunkBytes));
  if (chunk == nullptr) return false;
  constexpr uint32_t kFirstBytes = 8 * 1024;
  if (!anonymous_ && file_.reserve(file_offset(index), kFirstBytes) != 0) return false;
  file_.close();
  SlotControl* const control = slot_at(index);
  control->capacity = kFirstBytes - kSlotOverheadBytes;
  slots_ = index + 1;
  if (!anonymous_) file_slots_ = slots_;
  std::atomic_ref<uint32_t>(control_->slots).store(slots_, std::memory_order_release);
  return true;
}

Slot Window::take(uint32_t bytes) noexcept {
  Slot slot;
  {
    const Locked locked(lock_);
    uint32_t index = free_hint_;
    while (index < slots_ && lent_[index]) ++index;
    if (index == slots_ && !make_slot(index)) return slot;
    lent_[index] = true;
    free_hint_ = index + 1;
    slot = Slot{slot_at(index), index};
  }
  grow(slot, bytes);
  if (slot.capacity() >= bytes) return slot;
  give_back(slot);
  return Slot{};
}

void Window::give_back(const Slot& slot) noexcept {
  const Locked locked(lock_);
  lent_[slot.index] = false;
  if (slot.index < free_hint_) free_hint_ = slot.index;
}

void Window::grow(const Slot& slot, uint32_t bytes) noexcept {
  if (bytes > kMaxPayloadBytes) bytes = kMaxPayloadBytes;
  const uint32_t old_bytes = slot.capacity() + kSlotOverheadBytes;
  const uint32_t new_bytes = (bytes + kSlotOverheadBytes + 4095) & ~4095u;
  if (new_bytes <= old_bytes) return;
  if (slot.index < file_slots_) {
    const Locked locked(lock_);
    if (anonymous_ || file_.reserve(file_offset(slot.index) + old_bytes, new_bytes - old_bytes) != 0) return;
    file_.close();
  }
  slot.control->capacity = new_bytes - kSlotOverheadBytes;
}

void Window::abandon() noexcept {
  file_.abandon();
  lock_.reset();
  anonymous_ = false;
  control_ = nullptr;
  slots_ = free_hint_ = file_slots_ = 0;
  std::memset(chunks_, 0, sizeof chunks_);
  std::memset(lent_, 0, sizeof lent_);
}

}  // namespace cistern::preload
